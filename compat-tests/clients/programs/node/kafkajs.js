// KafkaJS behind the line protocol of drivers/program.py.
import { randomUUID } from 'node:crypto'

import { Zstd } from '@hpcc-js/wasm-zstd'
import kafkajs from 'kafkajs'
import SnappyCodec from 'kafkajs-snappy'
import lz4 from 'lz4-napi'

import { bytes, leave, Refused, serve, text, write } from './protocol.js'

const { CompressionCodecs, CompressionTypes, ConfigResourceTypes, Kafka, Partitioners, logLevel } = kafkajs

const TOPIC_ALREADY_EXISTS = 36
const ACKS = { 0: 0, 1: 1, all: -1 }
const CODECS = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD
}
// KafkaJS sends what it is given in one request: so much at a time, below the broker's message.max.bytes.
const CHUNK_BYTES = 200_000

const about = {
  version: '2.2.4',
  codecs: Object.keys(CODECS),
  assignors: ['roundrobin'],
  cannot: {
    'static members': 'KafkaJS has no group.instance.id',
    fencing: 'KafkaJS asks for its transactional producer id when the first transaction begins, not before'
  }
}

const zstd = await Zstd.load()
CompressionCodecs[CompressionTypes.Snappy] = SnappyCodec
CompressionCodecs[CompressionTypes.LZ4] = () => ({
  compress: async encoder => lz4.compressFrameSync(encoder.buffer),
  decompress: async buffer => lz4.decompressFrameSync(buffer)
})
CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: async encoder => Buffer.from(zstd.compress(encoder.buffer)),
  decompress: async buffer => Buffer.from(zstd.decompress(buffer))
})

const kafka = new Kafka({
  brokers: [process.argv[2]],
  logLevel: logLevel.NOTHING,
  retry: { initialRetryTime: 50, maxRetryTime: 500, retries: 8 }
})

function codeOf(error) {
  if (Number.isInteger(error?.code)) return error.code
  const inner = error?.errors?.[0] ?? error?.groups?.[0] ?? error?.cause
  return inner?.errorCode ?? (inner ? codeOf(inner) : -1)
}

// --- producing

const producers = []

/** The library's partitioner, which also tells which partition it was. */
function createPartitioner() {
  const choose = Partitioners.DefaultPartitioner()
  return given => (given.message.chosen = choose(given))
}

async function openProducer({ acks, codec, idempotent, transactional_id }) {
  const options = { idempotent, createPartitioner, retry: { retries: 100 } }
  if (idempotent) options.maxInFlightRequests = 1
  if (transactional_id !== null) options.transactionalId = transactional_id
  const producer = kafka.producer(options)
  await producer.connect()
  producers.push({ producer, sender: producer, acks: ACKS[acks], compression: CODECS[codec], waiting: [] })
  return producers.length - 1
}

/** KafkaJS has no queue: messages wait here until flush hands them over. */
async function send({ producer, topic, message }) {
  const headers = {}
  for (const [name, value] of message.headers) headers[name] = [...(headers[name] ?? []), bytes(value)]
  const sent = { key: bytes(message.key), value: bytes(message.value), headers }
  if (message.partition !== null) sent.partition = message.partition
  if (message.timestamp_ms !== null) sent.timestamp = String(message.timestamp_ms)
  producers[producer].waiting.push({ topic, message: sent })
}

async function flush({ producer }) {
  const { sender, acks, compression, waiting } = producers[producer]
  const acknowledged = []
  for (const chunk of chunks(waiting.splice(0))) {
    const topicMessages = Object.values(grouped(chunk)).map(
      list => ({ topic: list[0].topic, messages: list.map(each => each.message) })
    )
    const done = (await sender.sendBatch({ topicMessages, acks, compression })) ?? []
    const next = new Map(done.map(row => [`${row.topicName} ${row.partition}`, Number(row.baseOffset)]))
    for (const { topic, message } of chunk) {
      const place = `${topic} ${message.chosen}`
      const offset = next.get(place) ?? -1
      next.set(place, offset + 1)
      acknowledged.push([message.chosen, offset])
    }
  }
  return acknowledged
}

function grouped(list) {
  const byTopic = {}
  for (const each of list) (byTopic[each.topic] ??= []).push(each)
  return byTopic
}

function* chunks(list) {
  let chunk = []
  let size = 0
  for (const each of list) {
    chunk.push(each)
    size += 100 + (each.message.value?.length ?? 0)
    if (size > CHUNK_BYTES) {
      yield chunk
      chunk = []
      size = 0
    }
  }
  if (chunk.length > 0) yield chunk
}

async function begin({ producer }) {
  producers[producer].sender = await producers[producer].producer.transaction()
}

async function sendOffsets({ producer, group, topic, offsets }) {
  const topics = [{ topic, partitions: places(offsets) }]
  await producers[producer].sender.sendOffsets({ consumerGroupId: group, topics })
}

async function end({ producer, commit }) {
  const { sender } = producers[producer]
  await (commit ? sender.commit() : sender.abort())
}

// --- reading

const places = offsets => Object.entries(offsets).map(([p, o]) => ({ partition: Number(p), offset: String(o) }))

function shown(partition, message) {
  const headers = Object.entries(message.headers ?? {}).flatMap(([name, values]) =>
    [values].flat().map(value => [name, text(value)])
  )
  return {
    partition,
    offset: Number(message.offset),
    timestamp_ms: Number(message.timestamp),
    key: text(message.key),
    value: text(message.value),
    headers
  }
}

/** KafkaJS reads only as a group member: a group of its own, whose offsets are where to start. */
async function read({ topic, starts, count, timeout_ms, partition_bytes, committed_only }) {
  const groupId = `read-${randomUUID()}`
  await withAdmin(admin => admin.setOffsets({ groupId, topic, partitions: places(starts) }))
  const limits = partition_bytes ? { maxBytesPerPartition: partition_bytes, maxBytes: (partition_bytes * 3) / 2 } : {}
  const consumer = kafka.consumer({ groupId, readUncommitted: !committed_only, maxWaitTimeInMs: 100, ...limits })
  const got = []
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, timeout_ms)
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error))
    const eachBatch = async ({ batch }) => {
      if (batch.partition in starts) got.push(...batch.messages.map(message => shown(batch.partition, message)))
      if (got.length >= count) {
        clearTimeout(timer)
        resolve()
      }
    }
    consumer.run({ autoCommit: false, eachBatch }).catch(reject)
  })
  await consumer.disconnect()
  await withAdmin(admin => admin.deleteGroups([groupId]))
  return got
}

async function member({ group, topic }) {
  const consumer = kafka.consumer({
    groupId: group,
    sessionTimeout: 6000,
    heartbeatInterval: 200,
    metadataMaxAge: 2000,
    maxWaitTimeInMs: 50,
    retry: { retries: 100 }
  })
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => write({ holds: payload.memberAssignment[topic] ?? [] }))
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  const eachBatch = async ({ batch }) => {
    // A commit that fails makes KafkaJS join again and read on from what is committed.
    const offset = String(Number(batch.lastOffset()) + 1)
    await consumer.commitOffsets([{ topic, partition: batch.partition, offset }])
    write({ taken: batch.messages.map(message => shown(batch.partition, message)) })
  }
  await consumer.run({ autoCommit: false, eachBatch })
  await leave()
  await consumer.disconnect()
}

// --- administration

async function withAdmin(work) {
  const admin = kafka.admin()
  await admin.connect()
  try {
    return await work(admin)
  } finally {
    await admin.disconnect()
  }
}

async function configs(admin, type, name) {
  const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: [{ type, name }] })
  return Object.fromEntries(resources[0].configEntries.map(entry => [entry.configName, entry.configValue]))
}

async function lowWatermarks(admin, topic) {
  return Object.fromEntries((await admin.fetchTopicOffsets(topic)).map(row => [row.partition, Number(row.low)]))
}

const administration = {
  async offsets_for_times(admin, { topic, times_ms }) {
    const found = {}
    const high = await admin.fetchTopicOffsets(topic)
    for (const [partition, ms] of Object.entries(times_ms)) {
      const is = row => row.partition === Number(partition)
      const { offset } = (await admin.fetchTopicOffsetsByTimestamp(topic, ms)).find(is)
      found[partition] = offset === high.find(is).high ? null : Number(offset) // the end: there is none
    }
    return found
  },
  async watermarks(admin, { topic, partition }) {
    const row = (await admin.fetchTopicOffsets(topic)).find(each => each.partition === partition)
    return [Number(row.low), Number(row.high)]
  },
  async commit(admin, { group, topic, offsets }) {
    await admin.setOffsets({ groupId: group, topic, partitions: places(offsets) })
  },
  async committed(admin, { group, topic, partitions }) {
    const [{ partitions: rows }] = await admin.fetchOffsets({ groupId: group, topics: [topic] })
    const offsets = new Map(rows.map(row => [row.partition, Number(row.offset)]))
    return Object.fromEntries(partitions.map(p => [p, offsets.get(p) >= 0 ? offsets.get(p) : null]))
  },
  async create_topic(admin, { topic, partitions, configs }) {
    const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }))
    const wanted = { topic, numPartitions: partitions, replicationFactor: 1, configEntries }
    if (!(await admin.createTopics({ topics: [wanted], waitForLeaders: false }))) {
      throw new Refused(TOPIC_ALREADY_EXISTS, 'createTopics answered false')
    }
  },
  async delete_topic(admin, { topic }) {
    await admin.deleteTopics({ topics: [topic] })
  },
  async topics(admin) {
    return await admin.listTopics()
  },
  async partition_count(admin, { topic }) {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
    return topics[0].partitions.length
  },
  async create_partitions(admin, { topic, total }) {
    await admin.createPartitions({ topicPartitions: [{ topic, count: total }] })
  },
  async topic_configs(admin, { topic }) {
    return await configs(admin, ConfigResourceTypes.TOPIC, topic)
  },
  async broker_configs(admin, { broker }) {
    return await configs(admin, ConfigResourceTypes.BROKER, String(broker))
  },
  async alter_topic_config(admin, { topic, name, value }) {
    const resource = { type: ConfigResourceTypes.TOPIC, name: topic, configEntries: [{ name, value }] }
    await admin.alterConfigs({ validateOnly: false, resources: [resource] })
  },
  async delete_records(admin, { topic, before }) {
    await lowWatermarks(admin, topic) // deleteTopicRecords wants the topic's metadata, and does not fetch it
    await admin.deleteTopicRecords({ topic, partitions: places(before) })
    const low = await lowWatermarks(admin, topic) // the answer's own are not given
    return Object.fromEntries(Object.keys(before).map(partition => [partition, low[partition]]))
  },
  async groups(admin) {
    return (await admin.listGroups()).groups.map(group => group.groupId)
  },
  async describe_group(admin, { group }) {
    const [found] = (await admin.describeGroups([group])).groups
    return [found.state, found.members.length]
  },
  async delete_group(admin, { group }) {
    await admin.deleteGroups([group])
  },
  async broker_ids(admin) {
    return (await admin.describeCluster()).brokers.map(broker => broker.nodeId)
  }
}

const verbs = {
  open_producer: openProducer,
  send,
  flush,
  begin,
  send_offsets: sendOffsets,
  end,
  close_producer: ({ producer }) => producers[producer].producer.disconnect(),
  read,
  member
}
for (const [name, verb] of Object.entries(administration)) {
  verbs[name] = command => withAdmin(admin => verb(admin, command))
}
await serve(about, verbs, codeOf)
