package hako.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;

class MemoryFileTest {
    private static final long SIZE = 64L << 20;

    private static void write(Fd file, long at, String text) throws IOException {
        try (FileChannel channel = FileChannel.open(file.path(), StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(text.getBytes()), at);
        }
    }

    private static void cut(Fd file, long size) throws IOException {
        try (FileChannel channel = FileChannel.open(file.path(), StandardOpenOption.WRITE)) {
            channel.truncate(size);
        }
    }

    private static String read(Fd file, long at, int length) throws IOException {
        try (FileChannel channel = FileChannel.open(file.path(), StandardOpenOption.READ)) {
            ByteBuffer bytes = ByteBuffer.allocate(length);
            channel.read(bytes, at);
            return new String(bytes.array());
        }
    }

    @Test
    void aCopyHasTheDataAndIsItsOwn() throws Exception {
        try (Fd original = MemoryFile.create("test", SIZE)) {
            write(original, 40 << 20, "data");
            try (Fd copy = MemoryFile.copy("copy", original, SIZE)) {
                write(copy, 0, "more");

                assertThat(read(copy, 40 << 20, 4)).isEqualTo("data");
                assertThat(read(original, 0, 4)).isEqualTo("\0\0\0\0");
                assertThat(Files.size(copy.path())).isEqualTo(SIZE);
                assertThat(SparseFile.seek(copy, 1 << 20, 3))
                        .as("the hole is a hole")
                        .isEqualTo(40 << 20);
            }
        }
    }

    @Test
    void zerosTakeNoMemoryOnceDropped() throws Exception {
        try (Fd file = MemoryFile.create("test", SIZE)) {
            write(file, 3 << 20, "\0".repeat(2 << 20) + "data" + "\0".repeat(3 << 20));
            long before = blocks(file);

            MemoryFile.dropZeros(file);

            assertThat(before - blocks(file)).as("512-byte blocks").isEqualTo((5 << 20) / 512);
            assertThat(read(file, 5 << 20, 6)).isEqualTo("data\0\0");
            assertThat(Files.size(file.path())).isEqualTo(SIZE);
        }
    }

    private static long blocks(Fd file) throws IOException {
        long blocks = 0;
        long length = Files.size(file.path());
        long data = SparseFile.seek(file, 0, SparseFile.SEEK_DATA);
        while (data >= 0 && data < length) {
            long hole = SparseFile.seek(file, data, SparseFile.SEEK_HOLE);
            blocks += (hole - data) / 512;
            data = SparseFile.seek(file, hole, SparseFile.SEEK_DATA);
        }
        return blocks;
    }

    @Test
    void aSealedOneIsNotChangedByAnyone() throws Exception {
        try (Fd file = MemoryFile.create("test", SIZE)) {
            write(file, 0, "data");
            MemoryFile.seal(file);

            assertThatThrownBy(() -> write(file, 0, "other")).isInstanceOf(IOException.class);
            assertThatThrownBy(() -> cut(file, SIZE / 2)).isInstanceOf(IOException.class);
            assertThatThrownBy(() -> write(file, SIZE, "more")).isInstanceOf(IOException.class);
            assertThat(read(file, 0, 4)).isEqualTo("data");
            assertThat(Files.size(file.path())).isEqualTo(SIZE);
        }
    }
}
