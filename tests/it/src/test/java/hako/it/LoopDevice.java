package hako.it;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/** A block device of the host with a file behind it. Threads: any. */
final class LoopDevice implements AutoCloseable {
    static final long BYTES = 8 << 20;

    private final Path folder = Temporary.folder("loop");
    private final Path device;

    private LoopDevice(boolean readOnly) {
        Path file = folder.resolve("disk");
        Command.of("truncate", "--size", Long.toString(BYTES), file.toString())
                .run()
                .ok();
        List<String> line =
                List.of("losetup", readOnly ? "--read-only" : "--show", "--find", "--show", file.toString());
        device = Path.of(Command.of(line).run().ok().out().strip());
    }

    static LoopDevice create() {
        return new LoopDevice(false);
    }

    static LoopDevice readOnly() {
        return new LoopDevice(true);
    }

    Path path() {
        return device;
    }

    int major() {
        return 7;
    }

    int minor() {
        return Integer.parseInt(device.toString().replaceAll("\\D", ""));
    }

    void write(String text) {
        try {
            Files.writeString(device, text, StandardOpenOption.WRITE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What a reader of the host finds there now. */
    String read(int bytes) {
        return Command.of("head", "-c", Integer.toString(bytes), device.toString())
                .run()
                .ok()
                .out();
    }

    LoopDevice withFileSystem() {
        Command.of("mke2fs", "-q", "-t", "ext4", device.toString()).run().ok();
        return this;
    }

    /** A file of the file system on it, which is not mounted for that. */
    String file(String name) {
        return Command.of("debugfs", "-R", "cat " + name, device.toString())
                .run()
                .ok()
                .out();
    }

    @Override
    public void close() {
        Command.of("losetup", "--detach", device.toString()).run().ok();
        Temporary.delete(folder);
    }
}
