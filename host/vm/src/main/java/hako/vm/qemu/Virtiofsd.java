package hako.vm.qemu;

import hako.base.HakoException;
import hako.base.HakoException.Code;
import hako.base.HakoException.Kind;
import hako.linux.Fd;
import hako.linux.LinuxException;
import hako.linux.OpenFiles;
import hako.linux.UnixSocket;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The vhost-user helper that serves one host directory to one VM: the C one that came with QEMU up to 7, or the Rust one
 * that followed it. It inherits its listening socket, serves one connection (QEMU's) and ends with it.
 *
 * <p>It acts on the host's files as root, at the guest's word. It makes no devices: it is without {@code CAP_MKNOD}. Other
 * modes, set-user-id among them, are the files' business; see {@link hako.linux.Mounts#bind}.
 *
 * @param log what it said, while it is our child
 */
record Virtiofsd(HostProcess process, Optional<ErrorLog> log) {
    /** One that has just been started, and the connection that is QEMU's. */
    record Started(Virtiofsd helper, Fd connection) {}

    private static final int STDERR = 2;
    private static final int SOCKET = 3;

    /**
     * Files that a guest can make it hold open: one for each inode the guest knows, 1.5 KB of the host's kernel memory
     * each. Its own default is a million. Never more than the daemon's limit, which the one in Rust insists on passing.
     */
    private static final long MAX_FILES = 128 << 10;

    /** The one that came with QEMU lies in its directory; it takes other options. */
    private static final Path C_DIRECTORY = Path.of("/usr/lib/qemu");

    static Optional<Path> find(QemuConfig config) {
        return config.virtiofsd().stream().filter(Files::isExecutable).findFirst();
    }

    static Started start(QemuConfig config, RunFiles files, String deviceId, Path directory) {
        Path binary = find(config)
                .orElseThrow(() -> new HakoException(
                        Kind.EXTERNAL,
                        Code.VM_FAILED,
                        "share %s with VM %s: no virtiofsd in %s; install virtiofsd or qemu-system-common"
                                .formatted(directory, files.id(), config.virtiofsd())));
        Path socket = files.virtiofsSocket(deviceId);
        ErrorLog log = ErrorLog.to(files.virtiofsLog(deviceId), "vm-%s-%s-log".formatted(files.id(), deviceId));
        try (Fd listener = files.listen(socket)) {
            HostProcess process = HostProcess.start(
                    files,
                    arguments(binary, directory, OpenFiles.most()),
                    Map.of(),
                    Map.of(STDERR, log.writer(), SOCKET, listener));
            log.started();
            return new Started(new Virtiofsd(process, Optional.of(log)), connect(process, socket));
        } catch (LinuxException e) {
            log.close();
            throw new HakoException(
                    Kind.EXTERNAL,
                    Code.VM_FAILED,
                    "share %s with VM %s: %s".formatted(directory, files.id(), e.getMessage()),
                    e);
        }
    }

    /** Connects before the listener is closed here, so that it cannot be refused, and takes the name away. */
    private static Fd connect(HostProcess process, Path socket) {
        try {
            Fd connection = UnixSocket.connect(socket);
            Files.delete(socket);
            return connection;
        } catch (LinuxException | IOException e) {
            process.kill();
            throw new HakoException(
                    Kind.INTERNAL,
                    Code.INTERNAL,
                    "connect to virtiofsd at %s: %s".formatted(socket, e.getMessage()),
                    e);
        }
    }

    static List<String> arguments(Path binary, Path directory, long openFiles) {
        String fd = "--fd=" + SOCKET;
        String files = "--rlimit-nofile=" + Math.min(MAX_FILES, openFiles);
        if (binary.startsWith(C_DIRECTORY)) {
            return List.of(
                    binary.toString(),
                    fd,
                    files,
                    "-f",
                    "-o",
                    "source=%s,sandbox=namespace,modcaps=-mknod,cache=auto,xattr,announce_submounts,log_level=warn"
                            .formatted(directory));
        }
        return List.of(
                binary.toString(),
                fd,
                files,
                "--shared-dir=" + directory,
                "--sandbox=namespace",
                "--modcaps=-mknod",
                "--cache=auto",
                "--xattr",
                "--announce-submounts",
                "--log-level=warn");
    }

    /** Ends it and waits until it is gone. */
    void kill() {
        process.kill();
        try {
            process.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            log.ifPresent(ErrorLog::close);
        }
    }
}
