package hako.linux;

import hako.base.HakoException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/**
 * An exclusive {@code flock(2)} on a file made for it; the file stays. It goes with the process that holds it, and two
 * holders in one process exclude each other too.
 */
public final class FileLock implements AutoCloseable {
    // include/uapi/asm-generic/fcntl.h
    private static final int LOCK_EX = 2;
    private static final int LOCK_NB = 4;
    private static final long PAUSE_NANOS = 1_000_000;

    private final Fd fd;

    private FileLock(Fd fd) {
        this.fd = fd;
    }

    /** Empty if somebody holds it. */
    public static Optional<FileLock> tryAcquire(Path file) {
        Fd fd = Fd.open(file, Fd.O_RDWR | Fd.O_CREAT, 0600);
        long result = Syscall.call(Syscall.FLOCK, fd.number(), LOCK_EX | LOCK_NB);
        if (result == 0) {
            return Optional.of(new FileLock(fd));
        }
        fd.close();
        if (result != -Errno.EAGAIN) {
            Syscall.check(result, "flock", "lock " + file);
        }
        return Optional.empty();
    }

    /**
     * Asks each millisecond, so that no carrier thread is held.
     *
     * @throws HakoException {@code TIMEOUT}
     */
    public static FileLock acquire(Path file, Duration timeout) {
        long deadline = System.nanoTime() + timeout.toNanos();
        while (true) {
            Optional<FileLock> lock = tryAcquire(file);
            if (lock.isPresent()) {
                return lock.get();
            }
            if (System.nanoTime() >= deadline || Thread.currentThread().isInterrupted()) {
                throw new HakoException(
                        HakoException.Kind.EXTERNAL,
                        HakoException.Code.TIMEOUT,
                        "lock " + file + ": held by another process for " + timeout.toSeconds() + " s");
            }
            LockSupport.parkNanos(PAUSE_NANOS);
        }
    }

    @Override
    public void close() {
        fd.close();
    }
}
