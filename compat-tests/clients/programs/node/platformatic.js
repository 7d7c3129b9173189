// @platformatic/kafka behind the line protocol of drivers/program.py.
import { randomUUID } from 'node:crypto'

import {
  Admin,
  compatibilityPartitioner,
  ConfigResourceTypes,
  Consumer,
  IncrementalAlterConfigOperationTypes,
  MessagesStreamFallbackModes,
  MessagesStreamModes,
  Producer
} from '@platformatic/kafka'

import { bytes, leave, serve, text, write } from './protocol.js'

const [EARLIEST, LATEST] = [-2n, -1n]
const ACKS = { 0: 0, 1: 1, all: -1 }
// A send is one request: so much at a time, below the broker's message.max.bytes.
const CHUNK_BYTES = 200_000

const about = {
  version: '1.35.0',
  codecs: ['none', 'gzip', 'snappy', 'lz4'],
  assignors: ['roundrobin'],
  cannot: {
    send_offsets: '@platformatic/kafka commits offsets in a transaction only for its own group member',
    fencing: '@platformatic/kafka asks for its producer id when the first transaction begins, not before',
    'append time': "@platformatic/kafka reads the producer's timestamp whatever the batch's timestamp type says",
    'snappy of others': '@platformatic/kafka reads snappy only without the frames that most libraries write',
    'look without creating': '@platformatic/kafka tells an unknown topic by an error of its own, without the code',
    'new partitions': '@platformatic/kafka does not join again when a topic grows',
    'rebalance in the flow': '@platformatic/kafka hands out after a rebalance what it had fetched before it'
  }
}

const common = {
  clientId: 'scenarios',
  bootstrapBrokers: [process.argv[2]],
  retries: 8,
  retryDelay: 100
}

function codeOf(error) {
  if (Number.isInteger(error?.apiCode)) return error.apiCode
  const inner = error?.errors?.[0] ?? error?.cause
  return inner ? codeOf(inner) : -1
}

// --- producing

const producers = []

async function openProducer({ acks, codec, idempotent, transactional_id }) {
  const options = { ...common, retries: 100, acks: ACKS[acks], idempotent, autocreateTopics: true }
  if (codec !== 'none') options.compression = codec
  if (transactional_id !== null) options.transactionalId = transactional_id
  const producer = new Producer(options)
  producers.push({ producer, sender: producer, waiting: [] })
  return producers.length - 1
}

/** A send waits for its answer: messages wait here until flush hands them over. */
async function send({ producer, topic, message }) {
  // Buffers as keys of the map: names may come again.
  const headers = new Map(message.headers.map(([name, value]) => [Buffer.from(name), bytes(value)]))
  const sent = { topic, headers }
  if (message.key !== null) sent.key = bytes(message.key)
  if (message.value !== null) sent.value = bytes(message.value)
  if (message.partition !== null) sent.partition = message.partition
  if (message.timestamp_ms !== null) sent.timestamp = BigInt(message.timestamp_ms)
  producers[producer].waiting.push(sent)
}

async function flush({ producer }) {
  const { sender, waiting } = producers[producer]
  const acknowledged = []
  for (const messages of chunks(waiting.splice(0))) {
    const { offsets } = await sender.send({ messages, partitioner: compatibilityPartitioner })
    const { topics } = await producers[producer].producer.metadata({ topics: [...new Set(messages.map(m => m.topic))] })
    const next = new Map((offsets ?? []).map(row => [`${row.topic} ${row.partition}`, Number(row.offset)]))
    for (const message of messages) {
      const count = topics.get(message.topic).partitionsCount
      const partition = message.partition ?? compatibilityPartitioner(message, message.key) % count
      const place = `${message.topic} ${partition}`
      const offset = next.get(place) ?? -1
      next.set(place, offset + 1)
      acknowledged.push([partition, offset])
    }
  }
  return acknowledged
}

function* chunks(list) {
  let chunk = []
  let size = 0
  for (const message of list) {
    chunk.push(message)
    size += 100 + (message.value?.length ?? 0)
    if (size > CHUNK_BYTES) {
      yield chunk
      chunk = []
      size = 0
    }
  }
  if (chunk.length > 0) yield chunk
}

async function begin({ producer }) {
  producers[producer].sender = await producers[producer].producer.beginTransaction()
}

async function end({ producer, commit }) {
  const { sender } = producers[producer]
  await (commit ? sender.commit() : sender.abort())
}

// --- reading

function shown(message) {
  return {
    partition: message.partition,
    offset: Number(message.offset),
    timestamp_ms: Number(message.timestamp),
    key: text(message.key),
    value: text(message.value),
    headers: [...message.headers].map(([name, value]) => [name.toString(), text(value)])
  }
}

async function read({ topic, starts, count, timeout_ms, partition_bytes, committed_only }) {
  const limits = partition_bytes ? { maxBytesPerPartition: partition_bytes, maxBytes: (partition_bytes * 3) / 2 } : {}
  const consumer = new Consumer({ ...common, groupId: `read-${randomUUID()}`, autocommit: false })
  const got = []
  try {
    const stream = await consumer.consume({
      topics: [topic],
      mode: MessagesStreamModes.MANUAL,
      offsets: Object.entries(starts).map(([p, o]) => ({ topic, partition: Number(p), offset: BigInt(o) })),
      isolationLevel: committed_only ? 1 : 0,
      maxWaitTime: 100,
      minBytes: 1,
      ...limits
    })
    await new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, timeout_ms)
      stream.on('error', reject)
      stream.on('data', message => {
        if (message.partition in starts) got.push(shown(message))
        if (got.length >= count) {
          clearTimeout(timer)
          resolve()
        }
      })
    })
  } finally {
    await consumer.close(true)
  }
  return got
}

async function member({ group, topic, instance_id }) {
  const options = { sessionTimeout: 6000, rebalanceTimeout: 6000, heartbeatInterval: 200, metadataMaxAge: 2000 }
  if (instance_id !== null) options.groupInstanceId = instance_id
  const consumer = new Consumer({ ...common, retries: 100, groupId: group, autocommit: false, ...options })
  const tellHeld = () => write({ holds: consumer.assignments?.find(row => row.topic === topic)?.partitions ?? [] })
  consumer.on('consumer:group:join', tellHeld)
  const stream = await consumer.consume({
    topics: [topic],
    mode: MessagesStreamModes.COMMITTED,
    fallbackMode: MessagesStreamFallbackModes.EARLIEST,
    maxWaitTime: 50,
    minBytes: 1
  })
  tellHeld()
  let isLeaving = false
  const left = leave().then(() => {
    isLeaving = true
    stream.pause()
  })
  const failed = new Promise((_, reject) => stream.on('error', reject))
  stream.on('data', async message => {
    stream.pause()
    try {
      const { partition, offset } = message
      await consumer.commit({ offsets: [{ topic, partition, offset: offset + 1n, leaderEpoch: -1 }] })
      write({ taken: [shown(message)] })
    } catch (error) {
      console.error(error) // the group moves on: the next owner reads it again
    }
    if (!isLeaving) stream.resume()
  })
  await Promise.race([left, failed])
  await consumer.close(true)
}

// --- administration

const list = (admin, topic, partitions, timestamp) =>
  admin.listOffsets({
    topics: [{ name: topic, partitions: partitions.map(partitionIndex => ({ partitionIndex, timestamp })) }]
  })

async function offsetOf(admin, topic, partition, timestamp) {
  const [{ partitions }] = await list(admin, topic, [partition], timestamp)
  return Number(partitions[0].offset)
}

async function configs(admin, resourceType, resourceName) {
  const [found] = await admin.describeConfigs({ resources: [{ resourceType, resourceName, configurationKeys: null }] })
  return Object.fromEntries(found.configs.map(entry => [entry.name, entry.value]))
}

const administration = {
  async offsets_for_times(admin, { topic, times_ms }) {
    const found = {}
    for (const [partition, ms] of Object.entries(times_ms)) {
      const offset = await offsetOf(admin, topic, Number(partition), BigInt(ms))
      found[partition] = offset < 0 ? null : offset
    }
    return found
  },
  async watermarks(admin, { topic, partition }) {
    return [await offsetOf(admin, topic, partition, EARLIEST), await offsetOf(admin, topic, partition, LATEST)]
  },
  async commit(admin, { group, topic, offsets }) {
    const partitionOffsets = Object.entries(offsets).map(([p, o]) => ({ partition: Number(p), offset: BigInt(o) }))
    await admin.alterConsumerGroupOffsets({ groupId: group, topics: [{ name: topic, partitionOffsets }] })
  },
  async committed(admin, { group, topic, partitions }) {
    const topics = [{ name: topic, partitionIndexes: partitions }]
    const [found] = await admin.listConsumerGroupOffsets({ groups: [{ groupId: group, topics }] })
    const rows = found.topics[0]?.partitions ?? []
    const offsets = new Map(rows.map(row => [row.partitionIndex, Number(row.committedOffset)]))
    return Object.fromEntries(partitions.map(p => [p, offsets.get(p) >= 0 ? offsets.get(p) : null]))
  },
  async create_topic(admin, { topic, partitions, configs }) {
    const wanted = Object.entries(configs).map(([name, value]) => ({ name, value }))
    await admin.createTopics({ topics: [topic], partitions, replicas: 1, configs: wanted })
  },
  async delete_topic(admin, { topic }) {
    await admin.deleteTopics({ topics: [topic] })
  },
  async topics(admin) {
    return await admin.listTopics()
  },
  async partition_count(admin, { topic }) {
    const { topics } = await admin.metadata({ topics: [topic], autocreateTopics: false })
    return topics.get(topic).partitionsCount
  },
  async create_partitions(admin, { topic, total }) {
    await admin.createPartitions({ topics: [{ name: topic, count: total, assignments: null }] })
  },
  async topic_configs(admin, { topic }) {
    return await configs(admin, ConfigResourceTypes.TOPIC, topic)
  },
  async broker_configs(admin, { broker }) {
    return await configs(admin, ConfigResourceTypes.BROKER, String(broker))
  },
  async alter_topic_config(admin, { topic, name, value }) {
    const change = { name, value, configOperation: IncrementalAlterConfigOperationTypes.SET }
    const resource = { resourceType: ConfigResourceTypes.TOPIC, resourceName: topic, configs: [change] }
    await admin.incrementalAlterConfigs({ resources: [resource] })
  },
  async delete_records(admin, { topic, before }) {
    const partitions = Object.entries(before).map(([p, o]) => ({ partition: Number(p), offset: BigInt(o) }))
    const [done] = await admin.deleteRecords({ topics: [{ name: topic, partitions }] })
    return Object.fromEntries(done.partitions.map(row => [row.partition, Number(row.lowWatermark)]))
  },
  async groups(admin) {
    return [...(await admin.listGroups()).keys()]
  },
  async describe_group(admin, { group }) {
    const found = (await admin.describeGroups({ groups: [group] })).get(group)
    const [first] = found.state
    return [first.toUpperCase() + found.state.slice(1).toLowerCase(), found.members.size]
  },
  async delete_group(admin, { group }) {
    await admin.deleteGroups({ groups: [group] })
  },
  async broker_ids(admin) {
    return [...(await admin.metadata({ topics: [] })).brokers.keys()]
  }
}

async function withAdmin(work) {
  const admin = new Admin(common)
  try {
    return await work(admin)
  } finally {
    await admin.close()
  }
}

const verbs = {
  open_producer: openProducer,
  send,
  flush,
  begin,
  end,
  close_producer: ({ producer }) => producers[producer].producer.close(),
  read,
  member
}
for (const [name, verb] of Object.entries(administration)) {
  verbs[name] = command => withAdmin(admin => verb(admin, command))
}
await serve(about, verbs, codeOf)
