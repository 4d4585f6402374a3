package hako.sandbox;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.ByteString;
import hako.agent.v1.ExitStatus;
import hako.agent.v1.ReadOutputRequest;
import hako.agent.v1.ReadOutputResponse;
import hako.agent.v1.WriteInputRequest;
import hako.ttrpc.StatusCode;
import hako.ttrpc.TtrpcException;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A process in a fake guest: it does what the test says. Like the agent it keeps output until it is acknowledged by the
 * next offset, never gives acknowledged bytes again, and skips input it has taken. Threads: any; its monitor guards all.
 */
final class FakeProcess {
    private final ByteArrayOutputStream[] written = {new ByteArrayOutputStream(), new ByteArrayOutputStream()};
    private final long[] acknowledged = new long[2];
    private final ByteArrayOutputStream input = new ByteArrayOutputStream();
    private final List<Integer> signals = new ArrayList<>();
    private final Set<Integer> ignored = new HashSet<>();
    private boolean inputEnded;
    private @Nullable ExitStatus exit;

    synchronized FakeProcess prints(String text) {
        return prints(0, text);
    }

    synchronized FakeProcess prints(int stream, String text) {
        written[stream].writeBytes(text.getBytes(UTF_8));
        notifyAll();
        return this;
    }

    synchronized void exits(int code) {
        exits(ExitStatus.newBuilder().setCode(code).build());
    }

    synchronized void exits(ExitStatus status) {
        if (exit == null) {
            exit = status;
            notifyAll();
        }
    }

    synchronized FakeProcess ignores(int signal) {
        ignored.add(signal);
        return this;
    }

    synchronized List<Integer> signals() {
        return List.copyOf(signals);
    }

    synchronized String input() {
        return input.toString(UTF_8);
    }

    synchronized void awaitInputEnd() throws InterruptedException {
        while (!inputEnded) {
            wait();
        }
    }

    synchronized void awaitInput(int bytes) throws InterruptedException {
        while (input.size() < bytes) {
            wait();
        }
    }

    // -- as the agent asks it ------------------------------------------------------------------------------------

    synchronized void signal(int number) {
        if (exit != null) {
            throw new TtrpcException(StatusCode.FAILED_PRECONDITION, "the process has ended");
        }
        signals.add(number);
        if (!ignored.contains(number)) {
            exits(128 + number);
        }
    }

    synchronized ExitStatus awaitExit() throws InterruptedException {
        while (exit == null) {
            wait();
        }
        return exit;
    }

    synchronized boolean hasExited() {
        return exit != null;
    }

    synchronized ReadOutputResponse read(ReadOutputRequest request) throws InterruptedException {
        int stream = request.getStreamValue();
        if (request.getOffset() < acknowledged[stream]) {
            throw new TtrpcException(StatusCode.OUT_OF_RANGE, "these bytes were acknowledged and are forgotten");
        }
        acknowledged[stream] = request.getOffset();
        while (written[stream].size() <= request.getOffset() && exit == null) {
            wait();
        }
        byte[] all = written[stream].toByteArray();
        int from = (int) request.getOffset();
        int count = Math.min(all.length - from, request.getMaxBytes());
        return ReadOutputResponse.newBuilder()
                .setData(ByteString.copyFrom(all, from, count))
                .setEnd(count == 0)
                .build();
    }

    synchronized void write(WriteInputRequest request) {
        int known = (int)
                Math.min(input.size() - request.getOffset(), request.getData().size());
        if (known < 0 || inputEnded) {
            throw new TtrpcException(StatusCode.OUT_OF_RANGE, "there is a gap before this input");
        }
        input.writeBytes(request.getData().substring(known).toByteArray());
        inputEnded = request.getEnd();
        notifyAll();
    }
}
