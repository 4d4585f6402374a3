package hako.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import hako.base.HakoException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 10, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PollerTest {
    private final Poller poller = Poller.shared();

    @Test
    void aThousandVirtualThreadsWaitAtOnceOnTwoCarriers() throws Exception {
        List<Io.Pipe> pipes = new ArrayList<>();
        List<Future<Integer>> reads = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < 1000; i++) {
                Io.Pipe pipe = Io.pipe();
                pipes.add(pipe);
                reads.add(threads.submit(() -> {
                    poller.awaitReadable(pipe.reader(), null);
                    return Io.read(pipe.reader(), new byte[8], 0, 8);
                }));
            }
            for (Io.Pipe pipe : pipes) {
                Io.write(pipe.writer(), new byte[] {1, 2, 3}, 0, 3);
            }
            for (Future<Integer> read : reads) {
                assertThat(read.get(5, TimeUnit.SECONDS)).isEqualTo(3);
            }
        } finally {
            pipes.forEach(Io.Pipe::close);
        }
    }

    @Test
    void aTimeoutSaysWhatWasAwaited() {
        try (Io.Pipe pipe = Io.pipe()) {
            assertThatThrownBy(() -> poller.awaitReadable(pipe.reader(), Duration.ofMillis(20)))
                    .isInstanceOfSatisfying(
                            HakoException.class, e -> assertThat(e.code()).isEqualTo(HakoException.Code.TIMEOUT))
                    .hasMessageMatching("wait for descriptor \\d+ to be readable: not within 20 ms");
        }
    }

    @Test
    void anInterruptEndsTheWait() throws Exception {
        try (Io.Pipe pipe = Io.pipe()) {
            AtomicReference<Throwable> thrown = new AtomicReference<>();
            Thread thread = Thread.startVirtualThread(() -> {
                try {
                    poller.awaitReadable(pipe.reader(), null);
                } catch (Throwable t) {
                    thrown.set(t);
                }
            });
            Thread.sleep(30);
            thread.interrupt();
            thread.join();
            assertThat(thrown.get()).isInstanceOf(InterruptedException.class);
        }
    }

    @Test
    void closingTheDescriptorEndsTheWait() throws Exception {
        Io.Pipe pipe = Io.pipe();
        CompletableFuture<Integer> errno = new CompletableFuture<>();
        Thread.startVirtualThread(() -> {
            try {
                poller.awaitReadable(pipe.reader(), null);
                errno.complete(0);
            } catch (LinuxException e) {
                errno.complete(e.errno());
            } catch (InterruptedException e) {
                errno.completeExceptionally(e);
            }
        });
        Thread.sleep(30);
        pipe.reader().close();
        assertThat(errno.get(2, TimeUnit.SECONDS)).isEqualTo(Errno.EBADF);
        pipe.close();
    }

    @Test
    void theOtherEndsHangUpIsReadiness() throws Exception {
        try (Io.Pipe pipe = Io.pipe()) {
            pipe.writer().close();
            poller.awaitReadable(pipe.reader(), Duration.ofSeconds(1));
            assertThat(Io.read(pipe.reader(), new byte[1], 0, 1)).isEqualTo(-1);
        }
    }

    @Test
    void oneWaitsToReadAndOneToWriteOnTheSameSocket() throws Exception {
        try (UnixSocket.Pair pair = UnixSocket.pair();
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            byte[] block = new byte[64 * 1024];
            while (Io.write(pair.left(), block, 0, block.length, true) > 0) {}
            Future<?> write = threads.submit(() -> {
                poller.awaitWritable(pair.left(), null);
                return null;
            });
            Future<?> read = threads.submit(() -> {
                poller.awaitReadable(pair.left(), null);
                return null;
            });
            Thread.sleep(30);
            assertThat(write.isDone()).isFalse();
            Io.write(pair.right(), new byte[] {1}, 0, 1);
            read.get(2, TimeUnit.SECONDS);
            assertThat(write.isDone()).isFalse();
            while (Io.read(pair.right(), block, 0, block.length, true) > 0) {}
            write.get(2, TimeUnit.SECONDS);
        }
    }

    @Test
    void aRegularFileIsAlwaysReady(@TempDir Path dir) throws Exception {
        Path file = Files.writeString(dir.resolve("f"), "x");
        try (Fd fd = Fd.open(file, Fd.O_RDWR, 0)) {
            poller.awaitReadable(fd, Duration.ofMillis(1));
            poller.awaitWritable(fd, Duration.ofMillis(1));
        }
    }

    @Test
    void aDescriptorClosedWhileWaitedForIsClosedAfterTheWaiterLeft() throws Exception {
        try (UnixSocket.Pair pair = UnixSocket.pair()) {
            Fd fd = pair.left();
            Thread thread = Thread.startVirtualThread(() -> {
                try {
                    UnixSocket.receive(fd, ByteBuffer.allocate(1), 0);
                } catch (LinuxException | InterruptedException e) {
                    // what it is woken with
                }
            });
            Thread.sleep(20);
            fd.close();
            thread.join();
            assertThat(Io.read(pair.right(), new byte[1], 0, 1))
                    .as("the peer sees the end")
                    .isEqualTo(-1);
        }
    }
}
