package hako.cli;

import hako.base.HakoException;
import hako.base.HakoException.Code;
import hako.door.Printable;
import hako.spec.Defaults;
import hako.spec.ImageConfig;
import hako.spec.LinuxResources;
import hako.spec.LinuxSpec;
import hako.spec.MountSpec;
import hako.spec.ProcessSpec;
import hako.spec.ProcessSpec.ConsoleSize;
import hako.spec.RuntimeSpec;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A container as the runtime specification has it, from what its image says and what the call says. The rules are
 * Docker's.
 *
 * @param image what the image says
 * @param arguments of the call behind the image's name
 * @param variables of the call
 * @param terminal it has one
 * @param consoleSize of the caller's terminal; null: there is none
 * @param hostname of the container
 * @param volumes of {@code -v}, as mounts
 */
record ContainerSpec(
        ContainerOptions options,
        ImageConfig.Execution image,
        List<String> arguments,
        Variables variables,
        boolean terminal,
        @Nullable ConsoleSize consoleSize,
        String hostname,
        List<MountSpec> volumes) {
    RuntimeSpec build() {
        List<String> capabilities = options.privileged.value()
                ? Capabilities.ALL
                : Capabilities.of(options.capAdd.value(), options.capDrop.value());
        return new RuntimeSpec(
                RuntimeSpec.VERSION,
                new RuntimeSpec.Root("rootfs", options.readOnly.value()),
                process(capabilities),
                hostname,
                null,
                mounts(),
                null,
                java.util.Map.of(),
                linux(capabilities));
    }

    private ProcessSpec process(List<String> capabilities) {
        return new ProcessSpec(
                terminal,
                terminal ? consoleSize : null,
                null,
                command(),
                environment(),
                workingDirectory(),
                Defaults.capabilities(capabilities),
                options.ulimits.value(),
                false,
                null,
                null,
                null);
    }

    /** A new entrypoint comes without the image's arguments; new arguments replace the image's, not its entrypoint. */
    private List<String> command() {
        List<String> command = new ArrayList<>();
        if (options.entrypoint.given()) {
            if (!options.entrypoint.value().isEmpty()) {
                command.add(options.entrypoint.value());
            }
            command.addAll(arguments);
        } else {
            command.addAll(image.entrypoint());
            command.addAll(arguments.isEmpty() ? image.cmd() : arguments);
        }
        if (command.isEmpty() || command.getFirst().isEmpty()) {
            throw invalid("no command specified: the image has none, so write one behind its name");
        }
        return command;
    }

    private List<String> environment() {
        Variables result = new Variables().addAll(List.of(Defaults.PATH, "HOSTNAME=" + hostname));
        if (terminal) {
            result.addAll(List.of("TERM=xterm"));
        }
        return result.addAll(image.env()).add(variables).assignments();
    }

    private String workingDirectory() {
        String wanted = options.directory.given() ? options.directory.value() : orEmpty(image.workingDir());
        if (wanted.isEmpty()) {
            return "/";
        }
        String path = Paths.absolute(wanted);
        if (path.isEmpty()) {
            throw invalid("the working directory '%s' is invalid, it needs to be an absolute path"
                    .formatted(Printable.line(wanted)));
        }
        return path;
    }

    private List<MountSpec> mounts() {
        List<MountSpec> mounts = new ArrayList<>();
        for (MountSpec mount : Defaults.mounts()) {
            mounts.add(adapted(mount));
        }
        List<MountSpec> asked = new ArrayList<>(volumes);
        options.tmpfs.value().forEach(text -> asked.add(tmpfs(text)));
        Set<String> taken = new HashSet<>();
        for (MountSpec mount : asked) {
            if (!taken.add(mount.destination())) {
                throw invalid("duplicate mount point: " + Printable.line(mount.destination()));
            }
        }
        asked.sort(java.util.Comparator.comparingInt(mount -> depth(mount.destination())));
        mounts.addAll(asked);
        return mounts;
    }

    private MountSpec adapted(MountSpec mount) {
        if (mount.destination().equals("/dev/shm")) {
            return with(mount, option -> option.startsWith("size=") ? "size=" + options.shmBytes.value() : option);
        }
        if (options.privileged.value() && mount.destination().startsWith("/sys")) {
            return with(mount, option -> option.equals("ro") ? "rw" : option);
        }
        return mount;
    }

    private static MountSpec with(MountSpec mount, java.util.function.UnaryOperator<String> change) {
        return new MountSpec(
                mount.destination(),
                mount.type(),
                mount.source(),
                mount.options().stream().map(change).toList(),
                mount.uidMappings(),
                mount.gidMappings());
    }

    private static MountSpec tmpfs(String text) {
        int colon = text.indexOf(':');
        String destination = Paths.absolute(colon < 0 ? text : text.substring(0, colon));
        if (destination.isEmpty() || destination.equals("/")) {
            throw invalid("invalid --tmpfs \"%s\": write an absolute path in the container, and options behind a colon"
                    .formatted(Printable.line(text)));
        }
        List<String> mountOptions = new ArrayList<>(List.of("noexec", "nosuid", "nodev"));
        for (String option : colon < 0
                ? List.<String>of()
                : List.of(text.substring(colon + 1).split(","))) {
            switch (option) {
                case "exec", "suid", "dev" -> mountOptions.remove("no" + option);
                case "" -> {}
                default -> mountOptions.add(option);
            }
        }
        return MountSpec.of(destination, "tmpfs", "tmpfs", mountOptions.toArray(String[]::new));
    }

    private static int depth(String path) {
        return (int) path.chars().filter(c -> c == '/').count();
    }

    private LinuxSpec linux(List<String> capabilities) {
        boolean all = options.privileged.value();
        return new LinuxSpec(
                List.of(),
                List.of(),
                java.util.Map.of(),
                resources(),
                null,
                Defaults.namespaces(),
                List.of(),
                all ? null : Defaults.seccomp(Set.copyOf(capabilities)),
                null,
                all ? List.of() : Defaults.MASKED_PATHS,
                all ? List.of() : Defaults.READONLY_PATHS,
                null,
                null);
    }

    private LinuxResources resources() {
        List<LinuxResources.DeviceRule> devices = options.privileged.value()
                ? List.of(new LinuxResources.DeviceRule(true, null, null, null, "rwm"))
                : Defaults.deviceRules();
        LinuxResources.Pids pids = options.limits.pids();
        return new LinuxResources(
                devices,
                options.limits.memory(),
                options.limits.cpu(),
                pids != null && pids.limit() > 0 ? pids : null,
                null,
                List.of(),
                java.util.Map.of());
    }

    private static String orEmpty(@Nullable String text) {
        return text == null ? "" : text;
    }

    private static HakoException invalid(String message) {
        return HakoException.user(Code.INVALID_ARGUMENT, message);
    }
}
