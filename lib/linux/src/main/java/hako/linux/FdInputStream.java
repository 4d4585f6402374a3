package hako.linux;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;

/**
 * Reads a descriptor: what is there at once, else after parking in the {@link Poller}. One reading thread; any closes.
 */
final class FdInputStream extends InputStream {
    private final Fd fd;
    private final Poller poller;
    private final Unblocked source;

    FdInputStream(Fd fd, Poller poller) {
        this.fd = fd;
        this.poller = poller;
        this.source = Unblocked.of(fd, Fd.O_RDONLY);
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        try {
            if (!source.nonBlocking()) {
                poller.awaitReadable(source.fd(), null);
            }
            while (true) {
                long n = Io.read(source.fd(), bytes, offset, length, source.socket());
                if (n != -Errno.EAGAIN) {
                    return result(n);
                }
                poller.awaitReadable(source.fd(), null);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("read " + fd + ": interrupted");
        } catch (LinuxException e) {
            throw e.toIoException();
        }
    }

    private int result(long n) throws IOException {
        if (n > 0) {
            return (int) n;
        }
        // A terminal whose other end is gone answers EIO: that is its end of file.
        if (n == 0 || n == -Errno.EIO) {
            return -1;
        }
        throw Io.refused(n, "read", fd).toIoException();
    }

    @Override
    public void close() {
        source.fd().close();
        fd.close();
    }
}
