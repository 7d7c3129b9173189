import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.protocol.Errors;

/** One JSON object a line in, one answer a line out: see drivers/program.py. */
final class Protocol {
    interface Verbs {
        Object answer(String verb, JsonNode command) throws Exception;
    }

    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    private final PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);

    /** The next command, or null at the end of input. */
    JsonNode read() throws IOException {
        String line = in.readLine();
        return line == null ? null : MAPPER.readTree(line);
    }

    synchronized void write(String kind, Object value) throws IOException {
        // A HashMap, since the value may be null.
        Map<String, Object> answer = new java.util.HashMap<>();
        answer.put(kind, value);
        out.println(MAPPER.writeValueAsString(answer));
    }

    void serve(Verbs verbs) throws IOException {
        for (JsonNode command = read(); command != null; command = read()) {
            try {
                write("ok", verbs.answer(command.get("verb").asText(), command));
            } catch (Exception error) {
                refuse(error);
            }
        }
    }

    private synchronized void refuse(Exception error) throws IOException {
        Throwable cause = error;
        while (!(cause instanceof ApiException) && cause.getCause() != null) {
            cause = cause.getCause();
        }
        // Some of the client's own errors are ApiExceptions too: they have no code.
        int code = cause instanceof ApiException ? Errors.forException(cause).code() : -1;
        out.println(MAPPER.writeValueAsString(Map.of("error", code, "text", cause.toString())));
    }
}
