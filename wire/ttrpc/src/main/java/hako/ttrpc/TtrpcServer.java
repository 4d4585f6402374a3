package hako.ttrpc;

import com.google.protobuf.ByteString;
import hako.base.HakoException;
import java.io.IOException;
import java.nio.channels.ByteChannel;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The answering side of one ttrpc connection. Unary calls only; a stream is answered with
 * {@link StatusCode#UNIMPLEMENTED}. Each request runs on a virtual thread of its own, so a method may block and answers
 * may overtake each other; when {@value #MAX_RUNNING} run, no more are read until one has ended.
 *
 * <p>The peer may be hostile: frames are bounded, and the first thing the protocol does not allow ends the connection.
 */
public final class TtrpcServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TtrpcServer.class);

    static final int MAX_RUNNING = 256;

    private static final int MAX_QUEUED_BYTES = 2 * (Frame.MAX_PAYLOAD_BYTES + Frame.HEADER_BYTES);

    /** How long answers that are ready may take to leave when the connection ends in order. */
    private static final Duration FLUSH_PATIENCE = Duration.ofSeconds(1);

    private final ByteChannel channel;
    private final String name;
    private final FrameReader reader;
    private final FrameWriter writer;
    private final Map<String, TtrpcService> services;
    private final Semaphore running = new Semaphore(MAX_RUNNING);
    private final CompletableFuture<String> ended = new CompletableFuture<>();

    private TtrpcServer(ByteChannel channel, String name, List<TtrpcService> services) {
        this.channel = channel;
        this.name = name;
        this.reader = new FrameReader(channel, Frame.MAX_PAYLOAD_BYTES);
        this.writer = new FrameWriter(channel, name, MAX_QUEUED_BYTES);
        this.services = services.stream().collect(Collectors.toMap(TtrpcService::name, Function.identity()));
    }

    /** Serves on {@code channel}, which is the server's from now on, until either side closes it. */
    public static TtrpcServer over(ByteChannel channel, String name, TtrpcService... services) {
        TtrpcServer server = new TtrpcServer(channel, name, List.of(services));
        Thread.ofVirtual().name(name).start(server::read);
        return server;
    }

    /** Completes with the reason when the connection has ended. */
    public CompletableFuture<String> ended() {
        return ended;
    }

    private void read() {
        String reason;
        try {
            for (Frame frame = reader.next(); frame != null; frame = reader.next()) {
                accept(frame);
            }
            reason = "closed by the peer";
        } catch (IOException e) {
            reason = e.toString();
        } catch (InterruptedException e) {
            reason = "interrupted";
        }
        LOG.debug("{}: ended: {}", name, reason);
        end(reason);
    }

    private void accept(Frame frame) throws IOException, InterruptedException {
        if (frame.type() != Frame.Type.REQUEST) {
            throw new ProtocolException("frame of type %s, where only requests may come".formatted(frame.type()));
        }
        if ((frame.streamId() & 1) == 0) {
            throw new ProtocolException("request on stream %d; a client's have odd ids".formatted(frame.streamId()));
        }
        Request request = Request.decode(frame.payload());
        boolean stream = (frame.flags() & Frame.FLAG_REMOTE_OPEN) != 0;
        running.acquire();
        Thread.ofVirtual()
                .name("%s-%d %s".formatted(name, frame.streamId(), Envelope.printable(request.method())))
                .start(() -> {
                    try {
                        answer(frame.streamId(), stream ? streamRefused() : carryOut(request));
                    } finally {
                        running.release();
                    }
                });
    }

    private static Response streamRefused() {
        return new Response(StatusCode.UNIMPLEMENTED.number(), "streams are not served here", ByteString.EMPTY);
    }

    private Response carryOut(Request request) {
        TtrpcService service = services.get(request.service());
        if (service == null) {
            return refused(StatusCode.UNIMPLEMENTED.number(), "service " + request.service());
        }
        TtrpcService.@Nullable Handler handler = service.handler(request.method());
        if (handler == null) {
            return refused(StatusCode.UNIMPLEMENTED.number(), "method " + request.method());
        }
        try {
            Response response = Response.of(handler.handle(request.payload()));
            return response.payload().size() + 16 <= Frame.MAX_PAYLOAD_BYTES
                    ? response
                    : refused(StatusCode.RESOURCE_EXHAUSTED.number(), "the answer is larger than a ttrpc message");
        } catch (TtrpcException e) {
            return refused(e.status(), e.getMessage());
        } catch (HakoException e) {
            return refused(StatusCode.of(e.code()).number(), e.getMessage());
        } catch (Exception e) {
            LOG.warn("{}: {}/{} failed", name, request.service(), request.method(), e);
            return refused(StatusCode.UNKNOWN.number(), e.toString());
        }
    }

    private static Response refused(int status, @Nullable String message) {
        return new Response(status, message == null ? "" : message, ByteString.EMPTY);
    }

    private void answer(int streamId, Response response) {
        try {
            writer.offer(Frame.response(streamId, response.encode()), null);
        } catch (InterruptedException e) {
            end("interrupted");
        }
    }

    private void end(String reason) {
        writer.shutdown();
        try {
            channel.close();
        } catch (IOException e) {
            LOG.debug("{}: close", name, e);
        }
        ended.complete(reason);
    }

    /** Lets answers that are ready leave, then closes the connection. What still runs has nobody to answer to. */
    @Override
    public void close() {
        try {
            writer.flush(FLUSH_PATIENCE);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        end("closed");
    }
}
