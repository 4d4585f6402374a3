package hako.cli;

import hako.door.Bytes;
import hako.door.Option;
import hako.door.Options;
import hako.network.PortMapping;
import hako.sandbox.NetworkRequest.Mode;
import hako.spec.ProcessSpec.Rlimit;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** The options of {@code run} that say what the container is to be; {@link ContainerSpec} makes it of them. */
final class ContainerOptions {

    final Option<String> name;
    final Option<String> hostname;
    final Option<String> user;
    final Option<String> directory;
    final Option<String> entrypoint;
    final EnvironmentOptions environment;
    final Option<List<String>> labels;
    final Option<List<String>> volumes;
    final Option<List<String>> tmpfs;
    final Option<Long> shmBytes;
    final Option<Boolean> readOnly;
    final Limits limits;
    final Option<List<Rlimit>> ulimits;
    final Option<List<String>> capAdd;
    final Option<List<String>> capDrop;
    final Option<Boolean> privileged;
    final Option<Mode> network;
    final Option<List<PortMapping>> ports;
    final Option<List<String>> dns;
    final Option<String> stopSignal;

    ContainerOptions(Options options) {
        name = options.text("name", "NAME", "The container's name; otherwise one is made up");
        hostname = options.text("hostname", 'h', "NAME", "The container's host name; otherwise its short id");
        user = options.text("user", 'u', "USER", "Run as this user (name or uid, :group), not the image's");
        directory = options.text("workdir", 'w', "DIR", "Run in this directory of the container");
        entrypoint = options.text("entrypoint", "PROGRAM", "Run this program, not the image's entrypoint");
        environment = new EnvironmentOptions(options);
        labels = options.list("label", 'l', "KEY=VALUE", "Note something down with the container");
        volumes = options.list("volume", 'v', "SRC:DST[:ro]", "Mount a host path, or a named volume");
        tmpfs = options.list("tmpfs", "DIR[:OPTIONS]", "Mount an empty directory in memory");
        shmBytes = options.value("shm-size", "BYTES", "Size of /dev/shm (default 64m)", 64L << 20, Bytes::parse);
        readOnly = options.flag("read-only", "The root filesystem cannot be written to");
        limits = new Limits(options);
        ulimits = list(
                options,
                "ulimit",
                Option.NO_LETTER,
                "NAME=SOFT[:HARD]",
                "A resource limit of its processes",
                Ulimits::parse);
        capAdd = options.list("cap-add", "CAPABILITY", "Give one capability more, or ALL");
        capDrop = options.list("cap-drop", "CAPABILITY", "Take one capability away, or ALL");
        privileged = options.flag("privileged", "All capabilities, no system call filter; still inside its VM");
        network = options.value("network", "MODE", "bridge or none", Mode.BRIDGE, ContainerOptions::network);
        ports = list(
                options, "publish", 'p', "[IP:][HOST]:CONT[/udp]", "Publish a port on the host", PortMapping::parse);
        dns = options.list("dns", "IP", "Ask this name server, not the host's");
        stopSignal = options.text("stop-signal", "SIGNAL", "What stop sends first, if not what the image says");
    }

    private static <T> Option<List<T>> list(
            Options options, String name, char letter, String metavar, String description, Function<String, T> parse) {
        List<T> values = new ArrayList<>();
        return options.value(name, letter, metavar, description, values, text -> {
            values.add(parse.apply(text));
            return values;
        });
    }

    private static Mode network(String text) {
        return switch (text) {
            case "bridge", "default" -> Mode.BRIDGE;
            case "none" -> Mode.NONE;
            default -> throw new IllegalArgumentException("bridge or none");
        };
    }
}
