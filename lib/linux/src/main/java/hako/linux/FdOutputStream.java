package hako.linux;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.Objects;

/** Writes a descriptor, parking in the {@link Poller} when it is full. One writing thread; any closes. */
final class FdOutputStream extends OutputStream {
    private final Fd fd;
    private final Poller poller;
    private final Unblocked sink;

    FdOutputStream(Fd fd, Poller poller) {
        this.fd = fd;
        this.poller = poller;
        this.sink = Unblocked.of(fd, Fd.O_WRONLY);
    }

    @Override
    public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, bytes.length);
        int most = sink.nonBlocking() ? Io.CHUNK : Unblocked.PIPE_BUF;
        try {
            for (int at = 0; at < length; ) {
                if (!sink.nonBlocking()) {
                    poller.awaitWritable(sink.fd(), null);
                }
                long n = Io.write(sink.fd(), bytes, offset + at, Math.min(length - at, most), sink.socket());
                if (n >= 0) {
                    at += (int) n;
                } else if (n == -Errno.EAGAIN) {
                    poller.awaitWritable(sink.fd(), null);
                } else {
                    throw Io.refused(n, "write", fd).toIoException();
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("write " + fd + ": interrupted");
        } catch (LinuxException e) {
            throw e.toIoException();
        }
    }

    @Override
    public void close() {
        sink.fd().close();
        fd.close();
    }
}
