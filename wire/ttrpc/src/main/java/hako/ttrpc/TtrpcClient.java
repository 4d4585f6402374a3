package hako.ttrpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import hako.base.HakoException;
import java.io.IOException;
import java.nio.channels.ByteChannel;
import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The asking side of one ttrpc connection, over any byte channel (the wire format is drawn at {@link Frame}).
 * Blocking, for virtual threads: {@link #call} waits for its answer; {@link #start} only takes its place in line, so
 * that a chain of requests costs one round trip.
 *
 * <p>The peer may be hostile. What it sends is bounded (frame size, each call's answer, text of errors, answers nobody asked for);
 * on the first thing the protocol does not allow the connection fails with that as the reason, and so does whatever waits or
 * comes after. What waits to be sent is bounded too: a peer that stops reading turns into a deadline, not into memory.
 *
 * <p>Threads: any. One virtual thread reads as long as the connection lives; another lives while there is something to
 * write. A caller's interrupt ends its wait and never harms the connection.
 */
public final class TtrpcClient implements AutoCloseable {
    /** Calls in flight; an answer nobody waits for any more does not count. */
    static final int MAX_WAITING = 1024;

    /** Answers to streams that nobody opened, or that were abandoned too long ago to be remembered. */
    static final int MAX_STRAYS = 64;

    private static final int MAX_ABANDONED = 4096;

    /** Frames that wait for a peer that does not read: room for the largest one and its successor. */
    private static final int MAX_QUEUED_BYTES = 2 * (Frame.MAX_PAYLOAD_BYTES + Frame.HEADER_BYTES);

    /** How patient {@link #start} is with a peer that does not read. */
    private static final Duration START_PATIENCE = Duration.ofSeconds(30);

    /** The connection's life: {@code Open -> Failed}. */
    private sealed interface State {
        /**
         * @param waiting by stream id
         * @param abandoned ids of calls nobody waits for, whose answers may still come; the eldest first
         */
        record Open(Map<Integer, TtrpcCall<?>> waiting, Set<Integer> abandoned) implements State {}

        record Failed(HakoException reason) implements State {}
    }

    private final ByteChannel channel;
    private final String name;
    private final FrameReader reader;
    private final FrameWriter writer;
    private final UnaryOperator<HakoException> explain;

    /** Held while a request takes its id and its place in line: ids rise on the wire. */
    private final ReentrantLock line = new ReentrantLock();
    // guarded by line
    private int nextStreamId = 1;

    private final ReentrantLock lock = new ReentrantLock();
    // guarded by lock
    private State state = new State.Open(new LinkedHashMap<>(), new LinkedHashSet<>());
    private int strays;

    private TtrpcClient(ByteChannel channel, String name, int maxAnswerBytes, UnaryOperator<HakoException> explain) {
        this.channel = channel;
        this.name = name;
        this.reader = new FrameReader(channel, maxAnswerBytes);
        this.writer = new FrameWriter(channel, name, MAX_QUEUED_BYTES);
        this.explain = explain;
    }

    /**
     * Speaks over {@code channel}, which is the client's from now on.
     *
     * @param name of the connection, in messages and thread names: {@code vm-7f3a-agent}
     */
    public static TtrpcClient over(ByteChannel channel, String name) {
        return over(channel, name, Frame.MAX_PAYLOAD_BYTES, reason -> reason);
    }

    /**
     * @param maxAnswerBytes the largest frame taken from the peer; 4 MiB at most
     * @param explain called once when the connection is lost through the peer, on the reader's thread: what everyone is
     *     to be told instead of "connection closed". It may wait a moment for the true reason to be known.
     */
    public static TtrpcClient over(
            ByteChannel channel, String name, int maxAnswerBytes, UnaryOperator<HakoException> explain) {
        TtrpcClient client = new TtrpcClient(channel, name, Math.min(maxAnswerBytes, Frame.MAX_PAYLOAD_BYTES), explain);
        Thread.ofVirtual().name(name).start(client::read);
        return client;
    }

    /** In messages and thread names. */
    public String name() {
        return name;
    }

    /**
     * Calls and waits for the answer.
     *
     * @param timeout told to the peer as well
     * @throws TtrpcException as {@link TtrpcCall#await(Duration)}
     */
    public <T extends MessageLite> T call(
            String service, String method, MessageLite request, Parser<T> parser, Duration timeout) {
        return call(service, method, request, parser, Frame.MAX_PAYLOAD_BYTES, timeout);
    }

    /**
     * As above.
     *
     * @param maxAnswerBytes a longer answer is not looked into: the call fails with {@code RESOURCE_EXHAUSTED}
     */
    public <T extends MessageLite> T call(
            String service,
            String method,
            MessageLite request,
            Parser<T> parser,
            int maxAnswerBytes,
            Duration timeout) {
        return start(service, method, request.toByteString(), parser::parseFrom, maxAnswerBytes, timeout)
                .await(timeout);
    }

    /** Calls with a payload that is already encoded, and returns the answer's. */
    public ByteString call(String service, String method, ByteString payload, Duration timeout) {
        return start(service, method, payload, answer -> answer, Frame.MAX_PAYLOAD_BYTES, timeout)
                .await(timeout);
    }

    /** Puts a request in line without waiting for its answer. The peer is told of no deadline. */
    public <T extends MessageLite> TtrpcCall<T> start(
            String service, String method, MessageLite request, Parser<T> parser) {
        return start(service, method, request, parser, Frame.MAX_PAYLOAD_BYTES);
    }

    /** As above, with the bound of {@link #call(String, String, MessageLite, Parser, int, Duration)}. */
    public <T extends MessageLite> TtrpcCall<T> start(
            String service, String method, MessageLite request, Parser<T> parser, int maxAnswerBytes) {
        return start(service, method, request.toByteString(), parser::parseFrom, maxAnswerBytes, null);
    }

    private <T> TtrpcCall<T> start(
            String service,
            String method,
            ByteString payload,
            TtrpcCall.Decoder<T> decoder,
            int maxAnswerBytes,
            @Nullable Duration timeout) {
        String what = "call %s of %s".formatted(method, name);
        ByteString envelope = new Request(service, method, payload, timeout == null ? 0 : timeout.toNanos()).encode();
        if (envelope.size() > Frame.MAX_PAYLOAD_BYTES) {
            throw new TtrpcException(
                    StatusCode.RESOURCE_EXHAUSTED,
                    "%s: the request has %d bytes; a ttrpc message has at most %d"
                            .formatted(what, envelope.size(), Frame.MAX_PAYLOAD_BYTES));
        }
        try {
            line.lockInterruptibly();
            try {
                return enqueue(what, envelope, decoder, maxAnswerBytes, timeout == null ? START_PATIENCE : timeout);
            } finally {
                line.unlock();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TtrpcException(StatusCode.CANCELLED.number(), what + ": interrupted", e);
        }
    }

    private <T> TtrpcCall<T> enqueue(
            String what, ByteString envelope, TtrpcCall.Decoder<T> decoder, int maxAnswerBytes, Duration patience)
            throws InterruptedException {
        if (nextStreamId < 0) {
            throw new TtrpcException(StatusCode.RESOURCE_EXHAUSTED, what + ": all 2^30 stream ids are used up");
        }
        int streamId = nextStreamId;
        nextStreamId += 2;
        TtrpcCall<T> call = new TtrpcCall<>(what, decoder, maxAnswerBytes, () -> abandon(streamId));
        register(what, streamId, call);
        boolean sent = false;
        try {
            sent = writer.offer(Frame.request(streamId, envelope), patience);
        } finally {
            if (!sent) {
                unregister(streamId);
            }
        }
        if (!sent) {
            throw new TtrpcException(
                    StatusCode.DEADLINE_EXCEEDED,
                    "%s: the peer has read nothing for %s".formatted(what, FrameWriter.describe(patience)));
        }
        return call;
    }

    private void register(String what, int streamId, TtrpcCall<?> call) {
        lock.lock();
        try {
            switch (state) {
                case State.Open(var waiting, var _) -> {
                    if (waiting.size() >= MAX_WAITING) {
                        throw new TtrpcException(
                                StatusCode.RESOURCE_EXHAUSTED,
                                "%s: %d calls wait for their answers already".formatted(what, waiting.size()));
                    }
                    waiting.put(streamId, call);
                }
                case State.Failed(var reason) -> call.fail(reason);
            }
        } finally {
            lock.unlock();
        }
    }

    private void unregister(int streamId) {
        lock.lock();
        try {
            if (state instanceof State.Open(var waiting, var _)) {
                waiting.remove(streamId);
            }
        } finally {
            lock.unlock();
        }
    }

    private void abandon(int streamId) {
        lock.lock();
        try {
            if (state instanceof State.Open(var waiting, var abandoned) && waiting.remove(streamId) != null) {
                abandoned.add(streamId);
                if (abandoned.size() > MAX_ABANDONED) {
                    Iterator<Integer> eldest = abandoned.iterator();
                    eldest.next();
                    eldest.remove();
                }
            }
        } finally {
            lock.unlock();
        }
    }

    private void read() {
        HakoException reason;
        try {
            for (Frame frame = reader.next(); frame != null; frame = reader.next()) {
                accept(frame);
            }
            reason = lost("closed by the peer", null);
        } catch (ProtocolException e) {
            reason = new TtrpcException(
                    StatusCode.DATA_LOSS.number(), "%s: the peer broke the protocol: %s".formatted(name, text(e)), e);
        } catch (IOException e) {
            reason = lost(text(e), e);
        }
        fail(isOpen() ? explained(reason) : reason);
    }

    private HakoException explained(HakoException reason) {
        try {
            return explain.apply(reason);
        } catch (RuntimeException e) {
            reason.addSuppressed(e);
            return reason;
        }
    }

    private void accept(Frame frame) throws IOException {
        if (frame.type() != Frame.Type.RESPONSE) {
            throw new ProtocolException("frame of type %s, where only responses may come".formatted(frame.type()));
        }
        TtrpcCall<?> call = take(frame.streamId());
        if (call == null) {
            return;
        }
        if (call.refuses(frame.payload())) {
            return;
        }
        try {
            call.answered(Response.decode(frame.payload()));
        } catch (IOException e) {
            TtrpcException garbled = new TtrpcException(
                    StatusCode.DATA_LOSS.number(),
                    "%s: the answer is no ttrpc response: %s".formatted(name, text(e)),
                    e);
            call.fail(garbled);
            throw new ProtocolException(garbled.getMessage());
        }
    }

    private @Nullable TtrpcCall<?> take(int streamId) throws ProtocolException {
        lock.lock();
        try {
            if (!(state instanceof State.Open(var waiting, var abandoned))) {
                return null;
            }
            TtrpcCall<?> call = waiting.remove(streamId);
            if (call == null && !abandoned.remove(streamId) && ++strays > MAX_STRAYS) {
                throw new ProtocolException("more than %d answers to streams nobody opened".formatted(MAX_STRAYS));
            }
            return call;
        } finally {
            lock.unlock();
        }
    }

    private TtrpcException lost(String fact, @Nullable Throwable cause) {
        return new TtrpcException(
                StatusCode.UNAVAILABLE.number(), "%s: connection lost: %s".formatted(name, fact), cause);
    }

    private static String text(IOException e) {
        String message = e.getMessage();
        return message == null ? e.getClass().getSimpleName() : message;
    }

    /** Whether calls can still be made. */
    public boolean isOpen() {
        lock.lock();
        try {
            return state instanceof State.Open;
        } finally {
            lock.unlock();
        }
    }

    /** Ends the connection: everything that waits, and everything that comes, fails with {@code reason}. Once. */
    public void fail(HakoException reason) {
        List<TtrpcCall<?>> abandonedByAll;
        lock.lock();
        try {
            if (!(state instanceof State.Open(var waiting, var _))) {
                return;
            }
            abandonedByAll = List.copyOf(waiting.values());
            state = new State.Failed(reason);
        } finally {
            lock.unlock();
        }
        abandonedByAll.forEach(call -> call.fail(reason));
        writer.shutdown();
        try {
            channel.close();
        } catch (IOException e) {
            reason.addSuppressed(e);
        }
    }

    /** Ends the connection; what waits fails with {@link StatusCode#CANCELLED}. */
    @Override
    public void close() {
        fail(new TtrpcException(StatusCode.CANCELLED, name + ": closed"));
    }
}
