package hako.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 10, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class StreamTest {
    private final Poller poller = Poller.shared();

    @Test
    void aPipeCarriesFourMegabytesUnchanged() throws Exception {
        Io.Pipe pipe = Io.pipe();
        carry(pipe.reader(), pipe.writer());
    }

    @Test
    void aSocketCarriesFourMegabytesUnchanged() throws Exception {
        UnixSocket.Pair pair = UnixSocket.pair();
        carry(pair.left(), pair.right());
    }

    private void carry(Fd from, Fd to) throws Exception {
        byte[] sent = new byte[4 << 20];
        new Random(1).nextBytes(sent);
        Thread.startVirtualThread(() -> {
            try (OutputStream out = Io.outputStream(to, poller)) {
                out.write(sent);
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        try (InputStream in = Io.inputStream(from, poller)) {
            assertThat(in.readAllBytes()).isEqualTo(sent);
        }
    }

    @Test
    void aDescriptorSharedWithTheCallerKeepsItsFlags() throws Exception {
        try (Io.Pipe pipe = Io.pipe();
                Fd shared = pipe.writer().dup()) {
            try (OutputStream out = Io.outputStream(pipe.writer(), poller)) {
                out.write(1);
                assertThat(shared.flags() & Fd.O_NONBLOCK).isZero();
            }
        }
    }

    @Test
    void eightWritersOnOneFullPipeHoldNoCarrier() throws Exception {
        Io.Pipe pipe = Io.pipe();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> writers = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                Fd copy = pipe.writer().dup();
                writers.add(threads.submit(() -> {
                    try (OutputStream out = Io.outputStream(copy, poller)) {
                        out.write(new byte[256 * 1024]);
                    }
                    return null;
                }));
            }
            pipe.writer().close();
            Thread.sleep(50);
            CompletableFuture<Boolean> alive = new CompletableFuture<>();
            Thread.startVirtualThread(() -> alive.complete(true));
            assertThat(alive.get(2, TimeUnit.SECONDS)).isTrue();
            try (InputStream in = Io.inputStream(pipe.reader(), poller)) {
                assertThat(in.readAllBytes()).hasSize(8 * 256 * 1024);
            }
            for (Future<?> writer : writers) {
                writer.get(2, TimeUnit.SECONDS);
            }
        }
    }

    @Test
    void whatWasWrittenBeforeTheWriterLeftIsReadAndThenTheEnd() throws Exception {
        Io.Pipe pipe = Io.pipe();
        Io.writeFully(pipe.writer(), "hello".getBytes(StandardCharsets.UTF_8));
        pipe.writer().close();
        try (InputStream in = Io.inputStream(pipe.reader(), poller)) {
            assertThat(new String(in.readAllBytes(), StandardCharsets.UTF_8)).isEqualTo("hello");
        }
    }

    @Test
    void aReaderThatIsGoneIsAnIoExceptionCausedByEpipe() throws Exception {
        for (boolean socket : List.of(false, true)) {
            UnixSocket.Pair pair = UnixSocket.pair();
            Io.Pipe pipe = Io.pipe();
            (socket ? pair.left() : pipe.reader()).close();
            try (OutputStream out = Io.outputStream(socket ? pair.right() : pipe.writer(), poller)) {
                assertThatThrownBy(() -> out.write(1))
                        .isInstanceOf(IOException.class)
                        .cause()
                        .isInstanceOfSatisfying(
                                LinuxException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EPIPE));
            }
            pair.close();
            pipe.close();
        }
    }

    @Test
    void aRegularFileIsWrittenAndReadAtItsPosition(@TempDir Path dir) throws Exception {
        Path file = dir.resolve("f");
        try (OutputStream out = Io.outputStream(Fd.open(file, Fd.O_WRONLY | Fd.O_CREAT, 0600), poller)) {
            out.write(new byte[10_000]);
            out.write(new byte[1]);
        }
        assertThat(Files.size(file)).isEqualTo(10_001);
        try (InputStream in = Io.inputStream(Fd.open(file, Fd.O_RDONLY, 0), poller)) {
            assertThat(in.readAllBytes()).hasSize(10_001);
        }
    }

    @Test
    void devNullTakesAllAndIsEmpty() throws Exception {
        try (OutputStream out = Io.outputStream(Fd.open(Path.of("/dev/null"), Fd.O_WRONLY, 0), poller);
                InputStream in = Io.inputStream(Fd.open(Path.of("/dev/null"), Fd.O_RDONLY, 0), poller)) {
            out.write(new byte[100_000]);
            assertThat(in.read()).isEqualTo(-1);
        }
    }
}
