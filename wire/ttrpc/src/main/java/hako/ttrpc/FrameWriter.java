package hako.ttrpc;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Puts frames on a channel in the order they were offered. A sender never touches the channel itself: an interrupt
 * would close it ({@link java.nio.channels.InterruptibleChannel}), and a peer that does not read would hold the sender
 * past its deadline. A virtual thread writes what is queued and ends with the queue; the queue is bounded in bytes.
 */
final class FrameWriter {
    private static final int WRITE_BYTES = 64 << 10;

    private final ByteChannel channel;
    private final String name;
    private final int maxQueuedBytes;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    // guarded by lock
    private final ArrayDeque<Frame> queue = new ArrayDeque<>();
    private int queuedBytes;
    private boolean writing;
    private boolean broken;

    FrameWriter(ByteChannel channel, String name, int maxQueuedBytes) {
        this.channel = channel;
        this.name = name;
        this.maxQueuedBytes = maxQueuedBytes;
    }

    /**
     * Queues a frame, after waiting for room if need be.
     *
     * @return false if no room came within {@code patience}; true says nothing about arrival
     */
    boolean offer(Frame frame, @Nullable Duration patience) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long nanos = patience == null ? Long.MAX_VALUE : patience.toNanos();
            while (!broken && queuedBytes > 0 && queuedBytes + frame.wireBytes() > maxQueuedBytes) {
                if (nanos <= 0) {
                    return false;
                }
                nanos = changed.awaitNanos(nanos);
            }
            if (broken) {
                return true; // the reader tells everyone why
            }
            queue.add(frame);
            queuedBytes += frame.wireBytes();
            if (!writing) {
                writing = true;
                Thread.ofVirtual().name(name + "-writer").start(this::drain);
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Waits until all that was offered is written, at most this long. */
    void flush(Duration patience) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long nanos = patience.toNanos();
            while (writing && nanos > 0) {
                nanos = changed.awaitNanos(nanos);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Wakes and dismisses everyone: the channel is gone. */
    void shutdown() {
        lock.lock();
        try {
            broken = true;
            queue.clear();
            queuedBytes = 0;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void drain() {
        try {
            for (ByteBuffer bytes = take(); bytes != null; bytes = take()) {
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
            }
        } catch (IOException e) {
            // Closing wakes the reader, which is the one that ends the connection.
            shutdown();
            try {
                channel.close();
            } catch (IOException ignored) {
                // it is closed as far as we care
            }
        }
    }

    /** The next frames, several small ones in one write; null when there are none and the thread shall end. */
    private @Nullable ByteBuffer take() {
        lock.lock();
        try {
            Frame first = queue.peek();
            if (first == null) {
                writing = false;
                changed.signalAll();
                return null;
            }
            int bytes = 0;
            int count = 0;
            for (Frame frame : queue) {
                if (count > 0 && bytes + frame.wireBytes() > WRITE_BYTES) {
                    break;
                }
                bytes += frame.wireBytes();
                count++;
            }
            ByteBuffer buffer = ByteBuffer.allocate(bytes);
            for (int i = 0; i < count; i++) {
                queue.remove().putTo(buffer);
            }
            queuedBytes -= bytes;
            changed.signalAll();
            return buffer.flip();
        } finally {
            lock.unlock();
        }
    }

    /** As the condition's units: for messages. */
    static String describe(Duration duration) {
        long ms = duration.toMillis();
        return ms % 1000 == 0 ? TimeUnit.MILLISECONDS.toSeconds(ms) + " s" : ms + " ms";
    }
}
