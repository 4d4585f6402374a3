package hako.sandbox;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.abort;

import hako.base.HakoException;
import hako.linux.LinuxException;
import hako.linux.Mounts;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(20)
class OutputLogTest {
    private static final Instant NOW = Instant.parse("2026-01-01T00:00:00.123456789Z");
    private static final long LARGE = 64 << 20;
    /** Four segments of the least size a segment has. */
    private static final long SMALL = 4L * OutputLog.MAX_FRAME;

    @TempDir
    Path directory;

    @Test
    void aReaderGetsWhatWasAppendedInOrderAndByStream() throws Exception {
        OutputLog log = OutputLog.open(directory, LARGE);
        append(log, 0, "one");
        append(log, 1, "two");
        append(log, 0, "three");
        log.close();
        assertThat(readAll(log)).isEqualTo("0:one 1:two 0:three ");
    }

    @Test
    void aFollowerWaitsForMoreAndEndsWhenTheLogIsClosed() throws Exception {
        OutputLog log = OutputLog.open(directory, LARGE);
        StringBuilder read = new StringBuilder();
        Thread follower = Thread.ofVirtual().start(() -> read.append(quietly(() -> readAll(log))));
        append(log, 0, "late");
        log.close();
        follower.join();
        assertThat(read).hasToString("0:late ");
    }

    @Test
    void aLogThatIsOpenedAgainKnowsWhatItHas() throws Exception {
        OutputLog.open(directory, LARGE).close();
        try (OutputLog log = OutputLog.open(directory, LARGE)) {
            append(log, 0, "12345");
            append(log, 1, "123");
        }
        OutputLog again = OutputLog.open(directory, LARGE);
        assertThat(again.offset(0)).isEqualTo(5);
        assertThat(again.offset(1)).isEqualTo(3);
        append(again, 0, "more");
        again.close();
        assertThat(readAll(again)).isEqualTo("0:12345 1:123 0:more ");
    }

    @Test
    void aFrameCutShortByACrashIsDroppedToBeAskedForAgain() throws Exception {
        try (OutputLog log = OutputLog.open(directory, LARGE)) {
            append(log, 0, "whole");
            append(log, 0, "halved");
        }
        Path file;
        try (Stream<Path> files = Files.list(directory)) {
            file = files.findFirst().orElseThrow();
        }
        try (RandomAccessFile segment = new RandomAccessFile(file.toFile(), "rw")) {
            segment.setLength(segment.length() - 3);
        }
        OutputLog again = OutputLog.open(directory, LARGE);
        assertThat(again.offset(0)).isEqualTo(5);
        again.close();
        assertThat(readAll(again)).isEqualTo("0:whole ");
    }

    @Test
    void aLogWithoutReadersKeepsItsBound() throws Exception {
        try (OutputLog log = OutputLog.open(directory, SMALL)) {
            for (int i = 0; i < 100; i++) {
                log.append(0, ByteBuffer.wrap(new byte[64 * 1024]), NOW);
            }
            assertThat(bytesOnDisk()).isLessThanOrEqualTo(SMALL + 4 * OutputLog.SEGMENT_HEADER);
            assertThat(log.offset(0)).isEqualTo(100L * 64 * 1024);
        }
    }

    @Test
    void anAttachedReaderHoldsTheWriterBackAndLosesNothing() throws Exception {
        OutputLog log = OutputLog.open(directory, SMALL);
        OutputReader slow = log.reader(0, true);
        Thread writer = Thread.ofVirtual()
                .start(() -> quietly(() -> {
                    for (int i = 0; i < 100; i++) {
                        log.append(0, ByteBuffer.wrap(new byte[64 * 1024]), NOW);
                    }
                    log.close();
                    return "";
                }));
        long read = 0;
        for (OutputReader.Chunk c = slow.next(true); c != null; c = slow.next(true)) {
            read += c.bytes().length;
            assertThat(bytesOnDisk()).isLessThanOrEqualTo(SMALL + 4 * OutputLog.SEGMENT_HEADER);
            slow.advance(c);
        }
        writer.join();
        assertThat(read).isEqualTo(100L * 64 * 1024);
    }

    @Test
    void aClosedLogTakesNothingMore() throws Exception {
        OutputLog log = OutputLog.open(directory, LARGE);
        append(log, 0, "all");
        log.close();

        assertThatThrownBy(() -> append(log, 0, "more")).hasMessageContaining("is closed");

        assertThat(readAll(log)).isEqualTo("0:all ");
    }

    @Test
    void closingFreesAWriterThatIsHeldBack() throws Exception {
        OutputLog log = OutputLog.open(directory, SMALL);
        OutputReader never = log.reader(0, true);
        CompletableFuture<String> refusal = new CompletableFuture<>();
        Thread writer = Thread.ofVirtual().start(() -> {
            try {
                while (true) {
                    log.append(0, ByteBuffer.wrap(new byte[64 * 1024]), NOW);
                }
            } catch (HakoException | InterruptedException e) {
                refusal.complete(e.getMessage());
            }
        });
        while (writer.getState() != Thread.State.WAITING) {
            Thread.onSpinWait();
        }

        log.close();

        assertThat(refusal.get(5, TimeUnit.SECONDS)).contains("is closed");
        never.close();
    }

    /** On a file system of 1 MiB; needs the right to mount one. */
    @Test
    void aFullDiskRefusesWholeAppendsAndGoesOnWhenThereIsRoom() throws Exception {
        Path small = Files.createDirectory(directory.resolve("small"));
        try {
            Mounts.mount("tmpfs", small, "tmpfs", 0, "size=1m");
        } catch (LinuxException e) {
            abort(e.getMessage());
        }
        try {
            OutputLog log = OutputLog.open(small.resolve("output"), LARGE);
            append(log, 0, "first");
            Path ballast = Files.write(small.resolve("ballast"), new byte[600 * 1024]);
            ByteBuffer large = ByteBuffer.wrap(new byte[2 * OutputLog.MAX_FRAME]);

            assertThatThrownBy(() -> log.append(1, large, NOW))
                    .isInstanceOfSatisfying(
                            HakoException.class, e -> assertThat(e.code()).isEqualTo(HakoException.Code.NO_SPACE));

            assertThat(log.offset(1)).isEqualTo(OutputLog.MAX_FRAME);
            Files.delete(ballast);
            log.append(1, large, NOW);
            append(log, 0, "last");
            log.close();
            assertThat(log.offset(1)).isEqualTo(2 * OutputLog.MAX_FRAME);
            OutputLog again = OutputLog.open(small.resolve("output"), LARGE);
            again.close();
            assertThat(again.end()).isEqualTo(log.end());
            assertThat(readAll(again)).startsWith("0:first 1:").endsWith("0:last ");
        } finally {
            Mounts.unmount(small, true);
        }
    }

    @Test
    void aFullDiskAtTheTurnOfASegmentLosesNothing() throws Exception {
        Path small = Files.createDirectory(directory.resolve("small"));
        try {
            Mounts.mount("tmpfs", small, "tmpfs", 0, "size=1m");
        } catch (LinuxException e) {
            abort(e.getMessage());
        }
        try {
            OutputLog log = OutputLog.open(small.resolve("output"), SMALL);
            log.append(0, ByteBuffer.wrap(new byte[OutputLog.MAX_FRAME - 100]), NOW);
            Path ballast = small.resolve("ballast");
            fill(ballast);

            assertThatThrownBy(() -> log.append(0, ByteBuffer.wrap(new byte[1000]), NOW))
                    .isInstanceOf(HakoException.class);

            append(log, 1, "fits");
            Files.delete(ballast);
            append(log, 1, "more");
            log.close();
            assertThat(readAll(log)).endsWith("1:fits 1:more ");
        } finally {
            Mounts.unmount(small, true);
        }
    }

    private static void fill(Path file) throws IOException {
        try (OutputStream out = Files.newOutputStream(file)) {
            while (true) {
                out.write(new byte[4096]);
            }
        } catch (IOException e) {
            assertThat(Files.size(file)).isPositive();
        }
    }

    private long bytesOnDisk() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.mapToLong(f -> f.toFile().length()).sum();
        }
    }

    private static void append(OutputLog log, int stream, String text) throws InterruptedException {
        log.append(stream, ByteBuffer.wrap(text.getBytes(UTF_8)), NOW);
    }

    private static String readAll(OutputLog log) throws IOException, InterruptedException {
        StringBuilder text = new StringBuilder();
        try (OutputReader reader = log.reader(0, false)) {
            for (OutputReader.Chunk c = reader.next(true); c != null; c = reader.next(true)) {
                assertThat(c.at()).isEqualTo(NOW);
                text.append(c.stream())
                        .append(':')
                        .append(new String(c.bytes(), UTF_8))
                        .append(' ');
                reader.advance(c);
            }
        }
        return text.toString();
    }

    private interface Action {
        String run() throws Exception;
    }

    private static String quietly(Action action) {
        try {
            return action.run();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }
}
