package hako.vm.qemu;

import hako.linux.Fd;
import hako.linux.Io;
import hako.linux.Poller;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * What a VMM or helper says on its error output, kept in a file of bounded size: a guest can make QEMU complain without
 * end. The process writes into a pipe, which is drained into the file by a virtual thread; when the file is full, or when this daemon
 * dies, the pipe is closed, and the process (QEMU and virtiofsd ignore SIGPIPE) talks to nobody.
 */
final class ErrorLog implements AutoCloseable {
    static final int MAX_BYTES = 64 << 10;

    private final Path file;
    private final Io.Pipe pipe = Io.pipe();
    private final CountDownLatch ended = new CountDownLatch(1);

    private ErrorLog(Path file) {
        this.file = file;
    }

    static ErrorLog to(Path file, String threadName) {
        ErrorLog log = new ErrorLog(file);
        Thread.ofVirtual().name(threadName).start(log::drain);
        return log;
    }

    /** The descriptor for the process's error output; {@link #started} closes it here. */
    Fd writer() {
        return pipe.writer();
    }

    /** The process has its copy: from now on its end is the log's. */
    void started() {
        pipe.writer().close();
    }

    private void drain() {
        try (InputStream in = Io.inputStream(pipe.reader(), Poller.shared());
                OutputStream out = Files.newOutputStream(file)) {
            byte[] buffer = new byte[1024];
            int written = 0;
            for (int count = in.read(buffer); count >= 0 && written < MAX_BYTES; count = in.read(buffer)) {
                int kept = Math.min(count, MAX_BYTES - written);
                out.write(buffer, 0, kept);
                written += kept;
            }
        } catch (IOException e) {
            // The log is for people; a full disk must not end the VM.
        } finally {
            ended.countDown();
        }
    }

    /** The end of what was said, after the process has ended. */
    String tail(int maxBytes) {
        try {
            // Its end closes the pipe; what it said last is read within a moment.
            ended.await(1, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return tail(file, maxBytes);
    }

    static String tail(Path file, int maxBytes) {
        try {
            byte[] bytes = Files.readAllBytes(file);
            int from = Math.max(0, bytes.length - maxBytes);
            return ConsoleLog.printable(new String(bytes, from, bytes.length - from, StandardCharsets.UTF_8))
                    .strip();
        } catch (IOException e) {
            return "";
        }
    }

    @Override
    public void close() {
        pipe.close();
    }
}
