package hako.oci;

import hako.base.HakoException;
import hako.base.HakoException.Code;
import hako.linux.Errno;
import hako.linux.Fd;
import hako.linux.HostFiles;
import hako.linux.LinuxException;
import hako.spec.Hooks;
import hako.spec.MountSpec;
import hako.spec.ProcessSpec;
import hako.spec.RuntimeSpec;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;

/**
 * A directory with a {@code config.json}, read and found to make sense.
 *
 * @param root its root file system, without symbolic links
 * @see <a href="https://github.com/opencontainers/runtime-spec/blob/main/bundle.md">runtime-spec, Filesystem Bundle</a>
 */
record Bundle(Path directory, RuntimeSpec spec, Path root) {
    private static final int MOST_BYTES = 16 << 20;
    private static final Pattern VERSION = Pattern.compile("1\\.\\d+\\.\\d+([-+].*)?");

    /** @throws HakoException what is wrong about it, as runc words it */
    static Bundle read(Path directory, HostFiles files) {
        Path config = directory.resolve("config.json");
        RuntimeSpec spec;
        try (Fd file = files.open(config)) {
            spec = RuntimeSpec.fromJson(bytes(file.path()));
        } catch (LinuxException e) {
            throw invalid(
                    e.errno() == Errno.ENOENT
                            ? "JSON specification file config.json not found"
                            : "read %s: %s".formatted(config, e.getMessage()));
        } catch (IOException e) {
            throw invalid("read %s: %s".formatted(config, e.getMessage()));
        }
        if (!VERSION.matcher(spec.ociVersion()).matches()) {
            throw invalid("unsupported ociVersion \"%s\": versions 1.x are supported".formatted(spec.ociVersion()));
        }
        check(spec.process());
        checkPlaces(spec);
        checkHooks(spec);
        return new Bundle(directory, absolute(spec, directory), root(directory, spec, files));
    }

    private static void checkPlaces(RuntimeSpec spec) {
        for (MountSpec mount : spec.mounts()) {
            if (mount.destination() == null || mount.destination().isEmpty()) {
                throw invalid("invalid mount %s: mount destination is empty".formatted(mount));
            }
        }
        if (spec.linux() != null && spec.linux().devices().stream().anyMatch(device -> device.path() == null)) {
            throw invalid("invalid device: it has no path");
        }
    }

    /** @spec config#posix-platform-hooks */
    private static void checkHooks(RuntimeSpec spec) {
        List<Hooks.Hook> hooks = spec.hooks() == null ? List.of() : spec.hooks().all();
        for (Hooks.Hook hook : hooks) {
            if (hook.path() == null || !hook.path().startsWith("/")) {
                throw invalid("invalid hook: its path %s is not absolute".formatted(hook.path()));
            }
            if (hook.timeout() != null && hook.timeout() <= 0) {
                throw invalid("invalid hook %s: a timeout of %d s is none: it must be greater than zero"
                        .formatted(hook.path(), hook.timeout()));
            }
        }
    }

    /** Sources of bind mounts count from the bundle. */
    private static RuntimeSpec absolute(RuntimeSpec spec, Path directory) {
        return spec.with(
                spec.mounts().stream().map(mount -> absolute(mount, directory)).toList());
    }

    private static MountSpec absolute(MountSpec mount, Path directory) {
        String source = mount.source();
        try {
            return source == null || !mount.isBind()
                    ? mount
                    : mount.with(directory.resolve(source).normalize().toString());
        } catch (InvalidPathException e) {
            throw invalid("invalid mount source: " + e.getReason());
        }
    }

    /** @throws IOException it cannot be read, or is longer than any configuration */
    static byte[] bytes(Path config) throws IOException {
        try (InputStream in = Files.newInputStream(config)) {
            byte[] bytes = in.readNBytes(MOST_BYTES + 1);
            if (bytes.length > MOST_BYTES) {
                throw new IOException(config + ": it is longer than 16 MiB");
            }
            return bytes;
        }
    }

    /** @throws HakoException what a process cannot do without */
    static void check(@org.jspecify.annotations.Nullable ProcessSpec process) {
        if (process == null) {
            throw invalid("process property must not be empty");
        }
        String cwd = process.cwd();
        if (cwd == null || cwd.isEmpty()) {
            throw invalid("Cwd property must not be empty");
        }
        if (!cwd.startsWith("/")) {
            throw invalid("Cwd must be an absolute path");
        }
        if (process.args().isEmpty()) {
            throw invalid("args must not be empty");
        }
        ProcessSpec.User user = process.user();
        if (user != null && (user.uid() < 0 || user.gid() < 0)) {
            throw invalid("uid %d or gid %d is none".formatted(user.uid(), user.gid()));
        }
    }

    private static Path root(Path directory, RuntimeSpec spec, HostFiles files) {
        RuntimeSpec.Root root = spec.root();
        if (root == null || root.path() == null || root.path().isEmpty()) {
            throw invalid("root property must not be empty");
        }
        try {
            Path path = files.real(directory).resolve(root.path()).normalize();
            if (!files.real(path).equals(path)) {
                throw invalid("invalid rootfs: not an absolute path, or a symlink");
            }
            try (Fd file = files.open(path)) {
                if (!Files.isDirectory(file.path())) {
                    throw invalid("rootfs (%s) is not a directory".formatted(path));
                }
            }
            return path;
        } catch (IOException | InvalidPathException e) {
            throw invalid("invalid rootfs: stat %s: no such file or directory".formatted(root.path()));
        }
    }

    private static HakoException invalid(String message) {
        return HakoException.user(Code.INVALID_ARGUMENT, message);
    }
}
