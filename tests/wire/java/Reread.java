import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Base64;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.ObjectSerializationCache;

/**
 * Reads messages with Kafka's own generated classes, and says what it saw.
 *
 * Each line of the input is {"class", "version", "bytes", "value"}, bytes in base64 and the value as Kafka's JSON converters
 * write it. Each line of the output is one of
 *   {"value", "bytes", "built", "left"}   the value read, the same written again, what the given value is written as, and
 *                                         how many bytes were not read
 *   {"missing": true}                     there is no such class
 *   {"error": text}
 */
public final class Reread {
    private static final String[] PACKAGES = {
        "org.apache.kafka.common.message.",
        "org.apache.kafka.coordinator.group.generated.",
        "org.apache.kafka.coordinator.transaction.generated.",
        "org.apache.kafka.coordinator.share.generated.",
    };
    private static final ObjectMapper JSON = new ObjectMapper();

    public static void main(String[] args) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
        PrintStream out = new PrintStream(System.out, false, "UTF-8");
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            out.println(JSON.writeValueAsString(answer(JSON.readTree(line))));
        }
        out.flush();
    }

    private static JsonNode answer(JsonNode job) {
        ObjectNode answer = JSON.createObjectNode();
        Class<?> type = find(job.get("class").asText());
        if (type == null) {
            return answer.put("missing", true);
        }
        try {
            reread(type, (short) job.get("version").asInt(), job, answer);
        } catch (InvocationTargetException e) {
            answer.put("error", e.getCause().toString());
        } catch (Exception e) {
            answer.put("error", e.toString());
        }
        return answer;
    }

    private static void reread(Class<?> type, short version, JsonNode job, ObjectNode answer) throws Exception {
        Class<?> converter = Class.forName(type.getName() + "JsonConverter");
        ByteBufferAccessor input = new ByteBufferAccessor(
            ByteBuffer.wrap(Base64.getDecoder().decode(job.get("bytes").asText())));
        Message message = (Message) type.getConstructor().newInstance();
        message.read(input, version);
        answer.put("left", input.remaining());
        answer.put("bytes", written(message, version));
        JsonNode value = (JsonNode) converter.getMethod("write", type, short.class, boolean.class)
            .invoke(null, message, version, true);
        answer.set("value", value);
        Object given = converter.getMethod("read", JsonNode.class, short.class).invoke(null, job.get("value"), version);
        answer.put("built", written((Message) given, version));
    }

    private static byte[] written(Message message, short version) {
        ObjectSerializationCache cache = new ObjectSerializationCache();
        ByteBuffer buffer = ByteBuffer.allocate(message.size(cache, version));
        message.write(new ByteBufferAccessor(buffer), cache, version);
        return Arrays.copyOf(buffer.array(), buffer.position());
    }

    private static Class<?> find(String name) {
        for (String folder : PACKAGES) {
            try {
                return Class.forName(folder + name);
            } catch (ClassNotFoundException e) {
                continue;
            }
        }
        return null;
    }
}
