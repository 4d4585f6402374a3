package hako.vm.qemu;

import hako.linux.Fd;
import hako.linux.UnixSocket;
import hako.vm.VmRecord;
import hako.vm.VmSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.stream.Stream;

/** What lies in a VM's run directory. */
record RunFiles(String id, Path directory) {
    private static final int PRIVATE = 0600;

    static RunFiles of(VmSpec spec) {
        return new RunFiles(spec.id(), spec.directory());
    }

    static RunFiles of(VmRecord record) {
        return new RunFiles(record.id(), Path.of(record.directory()));
    }

    Path qmpSocket() {
        return directory.resolve("qmp.sock");
    }

    Path agentSocket() {
        return directory.resolve("agent.sock");
    }

    Path virtiofsSocket(String deviceId) {
        return directory.resolve("virtiofs-" + deviceId + ".sock");
    }

    Path consoleLog() {
        return directory.resolve("console.log");
    }

    Path qemuLog() {
        return directory.resolve("qemu.log");
    }

    Path virtiofsLog(String deviceId) {
        return directory.resolve("virtiofs-" + deviceId + ".log");
    }

    Fd listen(Path socket) {
        return UnixSocket.listen(socket, PRIVATE);
    }

    /** A JDK channel to a socket whose path may be longer than the 107 bytes that {@code sun_path} takes. */
    SocketChannel connect(Path socket) throws IOException {
        try (Fd parent = Fd.open(directory, Fd.O_PATH | Fd.O_DIRECTORY, 0)) {
            return SocketChannel.open(UnixDomainSocketAddress.of(parent.path().resolve(socket.getFileName())));
        }
    }

    /** Sockets only: logs tell why a VM ended. */
    void removeSockets() {
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.filter(f -> f.toString().endsWith(".sock")).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (NoSuchFileException e) {
            // the directory went before its VM
        } catch (IOException e) {
            throw new UncheckedIOException("remove the sockets of VM " + id, e);
        }
    }
}
