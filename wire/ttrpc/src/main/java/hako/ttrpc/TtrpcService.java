package hako.ttrpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The methods of one service, as a {@link TtrpcServer} serves them.
 *
 * <pre>{@code
 * new TtrpcService("grpc.health.v1.Health")
 *         .method("Check", CheckRequest.parser(), request -> CheckResponse.getDefaultInstance());
 * }</pre>
 */
public final class TtrpcService {
    /** One method. May block; may throw {@link TtrpcException} or any {@link hako.base.HakoException}. */
    @FunctionalInterface
    public interface Method<Q extends MessageLite, A extends MessageLite> {
        A call(Q request) throws Exception;
    }

    @FunctionalInterface
    interface Handler {
        ByteString handle(ByteString payload) throws Exception;
    }

    private final String name;
    private final Map<String, Handler> handlers = new LinkedHashMap<>();

    /** @param name with its package: {@code containerd.task.v2.Task} */
    public TtrpcService(String name) {
        this.name = name;
    }

    /** Adds a method; before the service is served. */
    public <Q extends MessageLite, A extends MessageLite> TtrpcService method(
            String method, Parser<Q> parser, Method<Q, A> body) {
        handlers.put(method, payload -> body.call(parse(parser, payload)).toByteString());
        return this;
    }

    private static <Q> Q parse(Parser<Q> parser, ByteString payload) {
        try {
            return parser.parseFrom(payload);
        } catch (IOException e) {
            throw new TtrpcException(
                    StatusCode.INVALID_ARGUMENT.number(), "the request is no valid message: " + e.getMessage(), e);
        }
    }

    String name() {
        return name;
    }

    @Nullable
    Handler handler(String method) {
        return handlers.get(method);
    }
}
