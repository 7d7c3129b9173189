import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.utils.AppInfoParser;

/** The Java client (kafka-clients) behind the line protocol of drivers/program.py. */
public final class Client implements Protocol.Verbs {
    private static final Duration POLL = Duration.ofMillis(100);

    private final String bootstrap;
    private final Protocol protocol = new Protocol();
    private final List<Sender> producers = new ArrayList<>();
    private Admin admin;

    private Client(String bootstrap) {
        this.bootstrap = bootstrap;
    }

    public static void main(String[] arguments) throws Exception {
        Client client = new Client(arguments[0]);
        client.protocol.serve(client);
        for (Sender sender : client.producers) {
            sender.producer.close(Duration.ZERO);
        }
        if (client.admin != null) {
            client.admin.close(Duration.ZERO);
        }
    }

    /** A producer, and the acknowledgements that it waits for. */
    private record Sender(KafkaProducer<byte[], byte[]> producer, List<Future<RecordMetadata>> sent) {}

    // --- what goes in and comes out

    private static byte[] bytes(JsonNode text) {
        return text.isNull() ? null : Base64.getDecoder().decode(text.asText());
    }

    private static String text(byte[] data) {
        return data == null ? null : Base64.getEncoder().encodeToString(data);
    }

    static Map<String, Object> shown(ConsumerRecord<byte[], byte[]> record) {
        List<Object[]> headers = new ArrayList<>();
        for (Header header : record.headers()) {
            headers.add(new Object[] {header.key(), text(header.value())});
        }
        Map<String, Object> shown = new HashMap<>();
        shown.put("partition", record.partition());
        shown.put("offset", record.offset());
        shown.put("timestamp_ms", record.timestamp());
        shown.put("key", text(record.key()));
        shown.put("value", text(record.value()));
        shown.put("headers", headers);
        return shown;
    }

    private static ProducerRecord<byte[], byte[]> record(String topic, JsonNode message) {
        Integer partition = message.get("partition").isNull() ? null : message.get("partition").asInt();
        Long time = message.get("timestamp_ms").isNull() ? null : message.get("timestamp_ms").asLong();
        ProducerRecord<byte[], byte[]> record =
            new ProducerRecord<>(topic, partition, time, bytes(message.get("key")), bytes(message.get("value")));
        for (JsonNode header : message.get("headers")) {
            record.headers().add(header.get(0).asText(), bytes(header.get(1)));
        }
        return record;
    }

    /** A map by partition, as the client wants it. */
    private static <T> Map<TopicPartition, T> places(JsonNode command, String field, BiFunction<Integer, Long, T> make) {
        Map<TopicPartition, T> places = new HashMap<>();
        command.get(field).fields().forEachRemaining(entry -> {
            int partition = Integer.parseInt(entry.getKey());
            places.put(new TopicPartition(topic(command), partition), make.apply(partition, entry.getValue().asLong()));
        });
        return places;
    }

    private static Map<TopicPartition, OffsetAndMetadata> offsets(JsonNode command) {
        return places(command, "offsets", (partition, offset) -> new OffsetAndMetadata(offset));
    }

    private static String topic(JsonNode command) {
        return command.get("topic").asText();
    }

    // --- the verbs

    @Override
    public Object answer(String verb, JsonNode command) throws Exception {
        return switch (verb) {
            case "about" -> Map.of(
                "version", AppInfoParser.getVersion(),
                "codecs", List.of("none", "gzip", "snappy", "lz4", "zstd"),
                "assignors", List.of("range", "roundrobin", "sticky", "cooperative-sticky"),
                "cannot", Map.of());
            case "open_producer" -> openProducer(command);
            case "send", "flush", "begin", "send_offsets", "end", "close_producer" ->
                produce(verb, producers.get(command.get("producer").asInt()), command);
            case "read" -> read(command);
            case "offsets_for_times" -> offsetsForTimes(command);
            case "watermarks" -> watermarks(new TopicPartition(topic(command), command.get("partition").asInt()));
            case "member" -> member(command);
            case "commit" -> commit(command);
            case "committed" -> committed(command);
            default -> administer(verb, command);
        };
    }

    private Map<String, Object> common() {
        Map<String, Object> config = new HashMap<>();
        config.put("bootstrap.servers", bootstrap);
        config.put("reconnect.backoff.ms", 20);
        config.put("reconnect.backoff.max.ms", 200);
        return config;
    }

    private int openProducer(JsonNode command) {
        Map<String, Object> config = common();
        config.put("acks", command.get("acks").asText());
        config.put("compression.type", command.get("codec").asText());
        config.put("enable.idempotence", command.get("idempotent").asBoolean());
        config.put("linger.ms", 5);
        if (command.get("max_bytes").isNumber()) {
            config.put("max.request.size", command.get("max_bytes").asInt());
        }
        boolean isTransactional = command.get("transactional_id").isTextual();
        if (isTransactional) {
            config.put("transactional.id", command.get("transactional_id").asText());
        }
        KafkaProducer<byte[], byte[]> producer =
            new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer());
        producers.add(new Sender(producer, new ArrayList<>()));
        if (isTransactional) {
            producer.initTransactions();
        }
        return producers.size() - 1;
    }

    private Object produce(String verb, Sender sender, JsonNode command) throws Exception {
        KafkaProducer<byte[], byte[]> producer = sender.producer;
        switch (verb) {
            case "send" -> sender.sent.add(producer.send(record(topic(command), command.get("message"))));
            case "flush" -> {
                return flush(sender, command.get("timeout_ms").asLong());
            }
            case "begin" -> producer.beginTransaction();
            case "send_offsets" -> producer.sendOffsetsToTransaction(
                offsets(command), new ConsumerGroupMetadata(command.get("group").asText()));
            case "end" -> {
                if (command.get("commit").asBoolean()) {
                    producer.commitTransaction();
                } else {
                    producer.abortTransaction();
                }
            }
            default -> producer.close(Duration.ofSeconds(5));
        }
        return null;
    }

    private static Object flush(Sender sender, long timeoutMs) throws Exception {
        List<Future<RecordMetadata>> sent = new ArrayList<>(sender.sent);
        sender.sent.clear();
        List<long[]> acknowledged = new ArrayList<>();
        for (Future<RecordMetadata> future : sent) {
            RecordMetadata where = future.get(timeoutMs, TimeUnit.MILLISECONDS);
            acknowledged.add(new long[] {where.partition(), where.hasOffset() ? where.offset() : -1});
        }
        return acknowledged;
    }

    private KafkaConsumer<byte[], byte[]> consumer(Map<String, Object> more) {
        Map<String, Object> config = common();
        config.put("enable.auto.commit", false);
        config.put("auto.offset.reset", "earliest");
        config.put("fetch.max.wait.ms", 100);
        config.putAll(more);
        return new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    private Object read(JsonNode command) {
        Map<String, Object> config = new HashMap<>();
        config.put("isolation.level", command.get("committed_only").asBoolean() ? "read_committed" : "read_uncommitted");
        if (command.get("partition_bytes").isNumber()) {
            int limit = command.get("partition_bytes").asInt();
            config.put("max.partition.fetch.bytes", limit);
            config.put("fetch.max.bytes", limit * 3 / 2);
        }
        Map<TopicPartition, Long> starts = places(command, "starts", (partition, offset) -> offset);
        int count = command.get("count").asInt();
        long end = System.nanoTime() + command.get("timeout_ms").asLong() * 1_000_000;
        List<Object> got = new ArrayList<>();
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(config)) {
            consumer.assign(starts.keySet());
            starts.forEach(consumer::seek);
            while (got.size() < count && System.nanoTime() < end) {
                consumer.poll(POLL).forEach(record -> got.add(shown(record)));
            }
        }
        return got;
    }

    private Object offsetsForTimes(JsonNode command) {
        Map<Integer, Long> found = new HashMap<>();
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(Map.of())) {
            consumer.offsetsForTimes(places(command, "times_ms", (partition, time) -> time))
                .forEach((place, where) -> found.put(place.partition(), where == null ? null : where.offset()));
        }
        return found;
    }

    private Object watermarks(TopicPartition place) {
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(Map.of())) {
            Set<TopicPartition> asked = Set.of(place);
            return new long[] {consumer.beginningOffsets(asked).get(place), consumer.endOffsets(asked).get(place)};
        }
    }

    private Object commit(JsonNode command) {
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(Map.of("group.id", command.get("group").asText()))) {
            Map<TopicPartition, OffsetAndMetadata> offsets = offsets(command);
            consumer.assign(offsets.keySet());
            consumer.commitSync(offsets);
        }
        return null;
    }

    private Object committed(JsonNode command) {
        Set<TopicPartition> asked = StreamSupport.stream(command.get("partitions").spliterator(), false)
            .map(partition -> new TopicPartition(topic(command), partition.asInt()))
            .collect(Collectors.toSet());
        Map<Integer, Long> found = new HashMap<>();
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(Map.of("group.id", command.get("group").asText()))) {
            consumer.committed(asked)
                .forEach((place, where) -> found.put(place.partition(), where == null ? null : where.offset()));
        }
        return found;
    }

    private Object member(JsonNode command) throws Exception {
        Map<String, Object> config = new HashMap<>();
        String name = switch (command.get("assignor").asText()) {
            case "range" -> "RangeAssignor";
            case "roundrobin" -> "RoundRobinAssignor";
            case "sticky" -> "StickyAssignor";
            default -> "CooperativeStickyAssignor";
        };
        config.put("partition.assignment.strategy", "org.apache.kafka.clients.consumer." + name);
        config.put("group.id", command.get("group").asText());
        config.put("heartbeat.interval.ms", 200);
        config.put("session.timeout.ms", 6000);
        config.put("metadata.max.age.ms", 2000);
        if (command.get("instance_id").isTextual()) {
            config.put("group.instance.id", command.get("instance_id").asText());
        }
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(config)) {
            new Membership(protocol, consumer).run(topic(command));
        }
        return null;
    }

    // --- administration

    private Object administer(String verb, JsonNode command) throws Exception {
        if (admin == null) {
            admin = Admin.create(common());
        }
        switch (verb) {
            case "create_topic" -> {
                NewTopic topic = new NewTopic(topic(command), command.get("partitions").asInt(), (short) 1);
                Map<String, String> configs = new HashMap<>();
                command.get("configs").fields().forEachRemaining(e -> configs.put(e.getKey(), e.getValue().asText()));
                admin.createTopics(List.of(topic.configs(configs))).all().get();
            }
            case "delete_topic" -> admin.deleteTopics(List.of(topic(command))).all().get();
            case "topics" -> {
                return admin.listTopics().names().get();
            }
            case "partition_count" -> {
                return describe(topic(command));
            }
            case "create_partitions" -> admin.createPartitions(
                Map.of(topic(command), NewPartitions.increaseTo(command.get("total").asInt()))).all().get();
            case "topic_configs" -> {
                return configs(new ConfigResource(ConfigResource.Type.TOPIC, topic(command)));
            }
            case "broker_configs" -> {
                return configs(new ConfigResource(ConfigResource.Type.BROKER, command.get("broker").asText()));
            }
            case "alter_topic_config" -> {
                ConfigEntry entry = new ConfigEntry(command.get("name").asText(), command.get("value").asText());
                Collection<AlterConfigOp> changes = List.of(new AlterConfigOp(entry, AlterConfigOp.OpType.SET));
                ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic(command));
                admin.incrementalAlterConfigs(Map.of(resource, changes)).all().get();
            }
            case "delete_records" -> {
                return deleteRecords(command);
            }
            case "groups" -> {
                return admin.listGroups().all().get().stream().map(group -> group.groupId()).toList();
            }
            case "describe_group" -> {
                var group = admin.describeConsumerGroups(List.of(command.get("group").asText()))
                    .all().get().values().iterator().next();
                return new Object[] {group.groupState().toString(), group.members().size()};
            }
            case "delete_group" -> admin.deleteConsumerGroups(List.of(command.get("group").asText())).all().get();
            case "broker_ids" -> {
                return admin.describeCluster().nodes().get().stream().map(Node::id).toList();
            }
            default -> throw new IllegalArgumentException("no such verb: " + verb);
        }
        return null;
    }

    private int describe(String topic) throws Exception {
        return admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().size();
    }

    private Object configs(ConfigResource resource) throws Exception {
        Config config = admin.describeConfigs(List.of(resource)).all().get().get(resource);
        Map<String, String> found = new HashMap<>();
        config.entries().forEach(entry -> found.put(entry.name(), entry.value()));
        return found;
    }

    private Object deleteRecords(JsonNode command) throws Exception {
        var asked = places(command, "before", (partition, offset) -> RecordsToDelete.beforeOffset(offset));
        Map<Integer, Long> low = new HashMap<>();
        for (var entry : admin.deleteRecords(asked).lowWatermarks().entrySet()) {
            low.put(entry.getKey().partition(), entry.getValue().get().lowWatermark());
        }
        return low;
    }
}
