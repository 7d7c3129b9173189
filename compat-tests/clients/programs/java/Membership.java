import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RebalanceInProgressException;

/**
 * A group member's ordinary loop: poll, commit, and only then tell of the records. What was polled but not committed when
 * its partition goes is forgotten; the next owner reads it again.
 */
final class Membership implements ConsumerRebalanceListener {
    private static final Duration POLL = Duration.ofMillis(50);

    private final Protocol protocol;
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> pending = new HashMap<>();
    private final AtomicBoolean isLeaving = new AtomicBoolean();
    private Set<Integer> held = Set.of();

    Membership(Protocol protocol, KafkaConsumer<byte[], byte[]> consumer) {
        this.protocol = protocol;
        this.consumer = consumer;
    }

    void run(String topic) throws IOException {
        Thread listening = new Thread(this::awaitLeave);
        listening.setDaemon(true);
        listening.start();
        consumer.subscribe(List.of(topic), this);
        while (!isLeaving.get()) {
            for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
                TopicPartition place = new TopicPartition(record.topic(), record.partition());
                pending.computeIfAbsent(place, unused -> new ArrayList<>()).add(record);
            }
            if (!pending.isEmpty()) {
                commit();
            }
            tellHeld();
        }
    }

    private void awaitLeave() {
        try {
            JsonNode command = protocol.read();
            isLeaving.set(command == null || command.get("verb").asText().equals("leave"));
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    private void commit() throws IOException {
        try {
            consumer.commitSync();
        } catch (CommitFailedException | RebalanceInProgressException settledByPolling) {
            return;
        }
        protocol.write("taken", pending.values().stream().flatMap(List::stream).map(Client::shown).toList());
        pending.clear();
    }

    private void tellHeld() throws IOException {
        Set<Integer> now = new TreeSet<>();
        consumer.assignment().forEach(place -> now.add(place.partition()));
        if (!now.equals(held)) {
            held = now;
            protocol.write("holds", now);
        }
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> revoked) {
        pending.keySet().removeAll(revoked);
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> assigned) {}
}
