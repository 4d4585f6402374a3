package hako.it;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;

/** An OCI bundle with busybox for its root, written by hand. */
record Bundle(Path folder, String network) implements AutoCloseable {
    static Bundle create(String... arguments) {
        Bundle bundle = new Bundle(Temporary.folder("bundle"), "{\"type\": \"network\"}");
        Temporary.write(bundle.root().resolve("etc/hostname"), "from the bundle\n");
        Command.of("tar", "-xf", Build.busybox().toString(), "-C", bundle.root().toString())
                .run()
                .ok();
        return bundle.runs(arguments);
    }

    static Bundle script(String script) {
        return create("sh", "-c", script);
    }

    /** In a network namespace that is there. */
    Bundle in(Path namespace) {
        return new Bundle(folder, "{\"type\": \"network\", \"path\": \"%s\"}".formatted(namespace));
    }

    Path root() {
        return folder.resolve("rootfs");
    }

    /** Writes config.json anew. */
    Bundle runs(String... arguments) {
        return configure(false, "", arguments);
    }

    /** @param members more of config.json, each with a comma before it */
    Bundle configure(boolean terminal, String members, String... arguments) {
        String args = Arrays.stream(arguments).map(Json::quoted).collect(Collectors.joining(", "));
        return write("""
                {
                  "ociVersion": "1.0.2",
                  "root": {"path": "rootfs"},
                  "process": {
                    "terminal": %b,
                    "user": {"uid": 0, "gid": 0},
                    "args": [%s],
                    "capabilities": {"bounding": ["CAP_NET_RAW"], "effective": ["CAP_NET_RAW"], "permitted": ["CAP_NET_RAW"]},
                    "env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"],
                    "cwd": "/"
                  },
                  "hostname": "bundle",
                  "mounts": [
                    {"destination": "/proc", "type": "proc", "source": "proc"},
                    {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["mode=755"]},
                    {"destination": "/dev/pts", "type": "devpts", "source": "devpts", "options": ["newinstance", "ptmxmode=0666"]}
                  ],
                  "linux": {
                    "namespaces": [{"type": "pid"}, %s, {"type": "ipc"}, {"type": "uts"}, {"type": "mount"}]
                  }%s
                }
                """.formatted(terminal, args, network, members));
    }

    Bundle write(String config) {
        Temporary.write(folder.resolve("config.json"), config);
        return this;
    }

    /** Another word in config.json. */
    Bundle edit(String word, String other) {
        return write(Temporary.read(folder.resolve("config.json")).replace(word, other));
    }

    Path pidFile() {
        return folder.resolve("pid");
    }

    long pid() {
        return Long.parseLong(Temporary.read(pidFile()));
    }

    boolean hasPid() {
        return Files.exists(pidFile());
    }

    @Override
    public void close() {
        Temporary.delete(folder);
    }
}
