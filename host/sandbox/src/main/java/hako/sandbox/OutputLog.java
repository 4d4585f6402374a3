package hako.sandbox;

import hako.base.HakoException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a process has written, on disk, bounded. The one place output passes on its way out: the pumps append, every
 * reader ({@code run}, {@code exec}, {@code logs}) follows. So a reader that vanishes loses nothing, and a daemon that
 * was killed knows from the log which offset to ask the agent for next.
 *
 * <p>The log is a row of segment files, each named by the position of its first byte. Little endian:
 *
 * <pre>
 *   segment: +0 u64 stdout offset at its start   +8 u64 stderr offset   +16 frames
 *   frame:   +0 u32 length   +4 u8 stream (0 stdout, 1 stderr)   +5 u64 time, ns since 1970   +13 bytes
 * </pre>
 *
 * A position counts frame bytes (headers included) since the log began. When the log outgrows its bound the oldest
 * segment goes, but not before every attached reader has passed it: until then {@link #append} waits, and with it, in
 * the end, the process.
 *
 * <p>Threads: any. Owned by one {@link Process}.
 */
public final class OutputLog implements AutoCloseable {
    static final int SEGMENT_HEADER = 16;
    static final int FRAME_HEADER = 13;
    static final int MAX_FRAME = 256 * 1024;
    private static final String SUFFIX = ".out";

    private final Path directory;
    private final long segmentBytes;
    private final int maxSegments;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    /** Start position to file, oldest first. Guarded by lock, as everything below. */
    private final TreeMap<Long, Path> segments = new TreeMap<>();

    private final Set<OutputReader> attached = new HashSet<>();
    private final long[] offsets = new long[2];
    private @Nullable FileChannel tail;
    private long end;
    private boolean closed;

    private OutputLog(Path directory, long maxBytes, int maxSegments) {
        this.directory = directory;
        this.segmentBytes = Math.max(MAX_FRAME, maxBytes / maxSegments);
        this.maxSegments = maxSegments;
    }

    /** Opens or makes the log in {@code directory}; a frame cut short by a crash is dropped, to be asked for again. */
    public static OutputLog open(Path directory, long maxBytes) {
        OutputLog log = new OutputLog(directory, maxBytes, 4);
        try {
            log.recover();
        } catch (IOException e) {
            throw storage("open the output log in " + directory, e);
        }
        return log;
    }

    /** Where the next byte of a stream belongs: all before it is in the log. */
    public long offset(int stream) {
        lock.lock();
        try {
            return offsets[stream];
        } finally {
            lock.unlock();
        }
    }

    void append(int stream, ByteBuffer bytes, Instant at) throws InterruptedException {
        lock.lock();
        try {
            while (bytes.hasRemaining()) {
                ByteBuffer part = bytes.slice(bytes.position(), Math.min(bytes.remaining(), MAX_FRAME));
                int count = part.remaining();
                appendFrame(stream, part, at);
                bytes.position(bytes.position() + count);
            }
            changed.signalAll();
        } catch (IOException e) {
            throw storage("write the output log in " + directory, e);
        } finally {
            lock.unlock();
        }
    }

    private void appendFrame(int stream, ByteBuffer bytes, Instant at) throws IOException, InterruptedException {
        requireOpen();
        FileChannel file = tail;
        if (file == null || end - segments.lastKey() + FRAME_HEADER + bytes.remaining() > segmentBytes) {
            file = nextSegment();
        }
        int length = bytes.remaining();
        ByteBuffer frame = OutputFrame.encode(stream, bytes, at);
        int size = frame.remaining();
        try {
            while (frame.hasRemaining()) {
                file.write(frame);
            }
        } catch (IOException e) { // no room: leave no half frame for a reader to stumble over
            file.truncate(end - segments.lastKey() + SEGMENT_HEADER);
            throw e;
        }
        end += size;
        offsets[stream] += length;
    }

    private void requireOpen() {
        if (closed) {
            throw HakoException.user(HakoException.Code.WRONG_STATE, "the output log in " + directory + " is closed");
        }
    }

    private FileChannel nextSegment() throws IOException, InterruptedException {
        while (segments.size() >= maxSegments) {
            long oldestEnd = segments.size() > 1 ? segments.higherKey(segments.firstKey()) : end;
            if (attached.stream().anyMatch(reader -> reader.position() < oldestEnd)) {
                changed.await();
                requireOpen();
            } else {
                Files.deleteIfExists(segments.pollFirstEntry().getValue());
            }
        }
        Path path = directory.resolve("%020d".formatted(end) + SUFFIX);
        FileChannel file = FileChannel.open(
                path, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING);
        ByteBuffer header = OutputFrame.buffer(SEGMENT_HEADER)
                .putLong(offsets[0])
                .putLong(offsets[1])
                .flip();
        try {
            while (header.hasRemaining()) {
                file.write(header);
            }
        } catch (IOException e) { // no room: the last segment stays the last
            file.close();
            throw e;
        }
        if (tail != null) {
            tail.close();
        }
        segments.put(end, path);
        tail = file;
        return file;
    }

    /** Nothing more will be appended; readers end when they have read all. */
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            if (tail != null) {
                tail.close();
                tail = null;
            }
            changed.signalAll();
        } catch (IOException e) {
            throw storage("close the output log in " + directory, e);
        } finally {
            lock.unlock();
        }
    }

    /**
     * A reader from {@code position} (0: from what is still there).
     *
     * @param attach hold back the process rather than lose bytes this reader has not read
     */
    public OutputReader reader(long position, boolean attach) {
        lock.lock();
        try {
            OutputReader reader = new OutputReader(this, position);
            if (attach) {
                attached.add(reader);
            }
            return reader;
        } finally {
            lock.unlock();
        }
    }

    /** Position after the last byte. */
    public long end() {
        lock.lock();
        try {
            return end;
        } finally {
            lock.unlock();
        }
    }

    void detach(OutputReader reader) {
        lock.lock();
        try {
            attached.remove(reader);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Waits until every attached reader has gone, so that the files can; those of a reader still there go with it. */
    void awaitDetached(Duration patience) {
        lock.lock();
        try {
            long left = patience.toNanos();
            while (!attached.isEmpty() && left > 0) {
                left = changed.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
    }

    /** What a reader at {@code position} reads next: a segment and how far it may be read. */
    record Span(Path segment, long start, long position, long limit) {}

    /** Waits for bytes after {@code position}; null when there will be none (or, not following, are none yet). */
    @Nullable
    Span await(long position, boolean follow) throws InterruptedException {
        lock.lock();
        try {
            changed.signalAll(); // this reader has moved: an append may be waiting for that
            while (position >= end) {
                if (closed || !follow) {
                    return null;
                }
                changed.await();
            }
            long start = segments.floorKey(position) instanceof Long floor ? floor : segments.firstKey();
            Long next = segments.higherKey(start);
            return new Span(segments.get(start), start, Math.max(position, start), next == null ? end : next);
        } finally {
            lock.unlock();
        }
    }

    private void recover() throws IOException {
        Files.createDirectories(directory);
        try (Stream<Path> files = Files.list(directory)) {
            files.filter(f -> f.toString().endsWith(SUFFIX)).forEach(f -> {
                String name = f.getFileName().toString();
                segments.put(Long.parseLong(name.substring(0, name.length() - SUFFIX.length())), f);
            });
        }
        if (segments.isEmpty()) {
            return;
        }
        long start = segments.lastKey();
        FileChannel file = FileChannel.open(segments.get(start), StandardOpenOption.READ, StandardOpenOption.WRITE);
        ByteBuffer header = OutputFrame.buffer(SEGMENT_HEADER);
        OutputFrame.readFully(file, header, 0);
        if (header.hasRemaining()) { // cut short before anything was in it
            file.close();
            Files.delete(segments.remove(start));
            segments.tailMap(start).clear();
            recover();
            return;
        }
        header.flip();
        offsets[0] = header.getLong();
        offsets[1] = header.getLong();
        long at = SEGMENT_HEADER;
        while (OutputFrame.readHeader(file, at) instanceof OutputFrame frame
                && at + FRAME_HEADER + frame.length() <= file.size()) {
            offsets[frame.stream()] += frame.length();
            at += FRAME_HEADER + frame.length();
        }
        file.truncate(at);
        file.position(at);
        end = start + at - SEGMENT_HEADER;
        tail = file;
    }

    private static HakoException storage(String action, IOException e) {
        return new HakoException(
                HakoException.Kind.RESOURCES, HakoException.Code.NO_SPACE, action + ": " + e.getMessage(), e);
    }
}
