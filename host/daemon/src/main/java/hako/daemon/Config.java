package hako.daemon;

import hako.base.HakoException;
import hako.sandbox.SandboxConfig.Writable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.tomlj.Toml;
import org.tomlj.TomlArray;
import org.tomlj.TomlParseResult;

/**
 * What the node's administrator decided, in {@code hako.toml}; packaging/hako.toml documents every key. A key that is
 * not known is an error: a misspelled limit would otherwise be no limit.
 *
 * @param home where Hako is installed: {@code lib} and {@code guest} lie below it
 * @param run of this boot: the socket, the VMs' sockets
 * @param state kept: images, records, output
 */
public record Config(
        Path home, Path run, Path state, Vm vm, Rootfs rootfs, Network network, Images images, long outputBytes) {
    /** @param machine {@code q35}, {@code pc} or {@code microvm}; @param accelerator {@code auto}, {@code kvm}, {@code tcg} */
    public record Vm(
            String machine,
            String accelerator,
            String qemu,
            String virtiofsd,
            Path kernel,
            Path initramfs,
            int vcpus,
            long memoryBytes,
            int codeCacheMib,
            boolean template,
            boolean sharesTemplates,
            Path discard,
            int pool,
            long poolReserveBytes) {}

    /** @param kind {@code block} (one EROFS disk per image) or {@code directory} (virtiofs) */
    public record Rootfs(String kind, Writable writable, long scratchBytes) {}

    /** @param dns servers for the guests; empty: the host's */
    public record Network(String bridge, String subnet, int mtu, List<String> dns) {}

    /** @param unpackedBytes bound of one image unpacked; @param certificates of further authorities */
    public record Images(long unpackedBytes, List<String> insecure, Path certificates) {}

    private static final Set<String> KEYS = Set.of(
            "vm.machine",
            "vm.accelerator",
            "vm.qemu",
            "vm.virtiofsd",
            "vm.kernel",
            "vm.initramfs",
            "vm.vcpus",
            "vm.memory",
            "vm.code_cache_mib",
            "vm.source",
            "vm.share_template",
            "vm.pool",
            "vm.pool_reserve",
            "rootfs.kind",
            "rootfs.writable",
            "rootfs.size",
            "network.bridge",
            "network.subnet",
            "network.mtu",
            "network.dns",
            "image.max_unpacked",
            "image.insecure_registries",
            "image.certificates",
            "output.max_size");

    public Path socket() {
        return run.resolve("hakod.sock");
    }

    /**
     * From {@code $HAKO_HOME/hako.toml} with everything below that directory, or {@code /etc/hako/hako.toml} with
     * {@code /run/hako} and {@code /var/lib/hako}. A file that is absent means the defaults.
     */
    static Config load(Map<String, String> environment) {
        String base = environment.getOrDefault("HAKO_HOME", "");
        Path file = base.isEmpty() ? Path.of("/etc/hako/hako.toml") : Path.of(base, "hako.toml");
        Path run = base.isEmpty() ? Path.of("/run/hako") : Path.of(base, "run");
        Path state = base.isEmpty() ? Path.of("/var/lib/hako") : Path.of(base, "lib");
        Path home = Path.of(environment.getOrDefault("HAKO_INSTALL", "."));
        return parse(read(file), file, home, run, state);
    }

    private static String read(Path file) {
        try {
            return Files.exists(file) ? Files.readString(file) : "";
        } catch (IOException e) {
            throw HakoException.user(HakoException.Code.INVALID_ARGUMENT, "read " + file + ": " + e.getMessage());
        }
    }

    static Config parse(String text, Path file, Path home, Path run, Path state) {
        TomlParseResult toml = Toml.parse(text);
        if (toml.hasErrors()) {
            throw invalid(file, toml.errors().getFirst().toString());
        }
        Set<String> unknown = new TreeSet<>(toml.dottedKeySet());
        unknown.removeAll(KEYS);
        if (!unknown.isEmpty()) {
            throw invalid(file, "no such key: " + String.join(", ", unknown));
        }
        Keys keys = new Keys(toml, file);
        return new Config(
                home,
                run,
                state,
                new Vm(
                        keys.choice("vm.machine", "q35", "q35", "pc", "microvm"),
                        keys.choice("vm.accelerator", "auto", "auto", "kvm", "tcg"),
                        keys.text("vm.qemu", ""),
                        keys.text("vm.virtiofsd", ""),
                        Path.of(keys.text(
                                "vm.kernel", home.resolve("guest/vmlinux").toString())),
                        Path.of(keys.text(
                                "vm.initramfs",
                                home.resolve("guest/initramfs.cpio").toString())),
                        (int) keys.number("vm.vcpus", 1, 1, 64),
                        keys.size("vm.memory", "512M"),
                        (int) keys.number("vm.code_cache_mib", 48, 8, 1024),
                        keys.choice("vm.source", "template", "template", "cold").equals("template"),
                        keys.flag("vm.share_template", true),
                        home.resolve("lib/hako-discard.so"),
                        (int) keys.number("vm.pool", 0, 0, 64),
                        keys.size("vm.pool_reserve", "1G")),
                new Rootfs(
                        keys.choice("rootfs.kind", "block", "block", "directory"),
                        Writable.valueOf(keys.choice("rootfs.writable", "disk", "disk", "memory")
                                .toUpperCase(java.util.Locale.ROOT)),
                        keys.size("rootfs.size", "10G")),
                new Network(
                        keys.text("network.bridge", "hako0"),
                        keys.text("network.subnet", "10.88.77.0/24"),
                        (int) keys.number("network.mtu", 1500, 576, 65535),
                        keys.texts("network.dns")),
                new Images(
                        keys.size("image.max_unpacked", "64G"),
                        keys.texts("image.insecure_registries"),
                        Path.of(keys.text("image.certificates", "/etc/hako/certs.d"))),
                keys.size("output.max_size", "16M"));
    }

    private static HakoException invalid(Path file, String fact) {
        return HakoException.user(HakoException.Code.INVALID_ARGUMENT, file + ": " + fact);
    }

    /** Values of the file, each checked. */
    private record Keys(TomlParseResult toml, Path file) {
        String text(String key, String otherwise) {
            return switch (toml.get(key)) {
                case null -> otherwise;
                case String text -> text;
                case Object other -> throw invalid(file, key + ": not a text: " + other);
            };
        }

        String choice(String key, String otherwise, String... choices) {
            String value = text(key, otherwise);
            if (!List.of(choices).contains(value)) {
                throw invalid(file, "%s = \"%s\": one of %s".formatted(key, value, String.join(", ", choices)));
            }
            return value;
        }

        boolean flag(String key, boolean otherwise) {
            return switch (toml.get(key)) {
                case null -> otherwise;
                case Boolean flag -> flag;
                case Object other -> throw invalid(file, key + ": neither true nor false: " + other);
            };
        }

        long number(String key, long otherwise, long least, long most) {
            long value = switch (toml.get(key)) {
                case null -> otherwise;
                case Long number -> number;
                case Object other -> throw invalid(file, key + ": not a whole number: " + other);
            };
            if (value < least || value > most) {
                throw invalid(file, "%s = %d: %d to %d".formatted(key, value, least, most));
            }
            return value;
        }

        long size(String key, String otherwise) {
            String value = text(key, otherwise);
            if (!value.matches("\\d{1,9}[KMGT]?")) {
                throw invalid(file, "%s = \"%s\": a number of bytes, or with K, M, G, T".formatted(key, value));
            }
            char unit = value.charAt(value.length() - 1);
            int shift = 10 * (" KMGT".indexOf(unit));
            return shift <= 0 ? Long.parseLong(value) : Long.parseLong(value.substring(0, value.length() - 1)) << shift;
        }

        List<String> texts(String key) {
            Object value = toml.get(key);
            if (value == null) {
                return List.of();
            }
            List<String> texts = new ArrayList<>();
            for (Object text : value instanceof TomlArray array ? array.toList() : List.of(value)) {
                texts.add(value instanceof TomlArray && text instanceof String s ? s : refuse(key));
            }
            return List.copyOf(texts);
        }

        private String refuse(String key) {
            throw invalid(file, key + ": not a list of texts");
        }
    }
}
