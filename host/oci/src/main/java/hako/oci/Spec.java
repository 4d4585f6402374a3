package hako.oci;

import hako.base.HakoException;
import hako.base.HakoException.Code;
import hako.door.Option;
import hako.spec.Defaults;
import hako.spec.LinuxResources;
import hako.spec.LinuxSpec;
import hako.spec.LinuxSpec.Namespace;
import hako.spec.ProcessSpec;
import hako.spec.RuntimeSpec;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** {@code hako-runtime spec}: a config.json to begin with. */
final class Spec extends Verb {
    /** Fewer than an image's container has: as runc's. */
    private static final List<String> CAPABILITIES = List.of("CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE");

    private final Option<String> bundle =
            options().text("bundle", 'b', "DIR", "Where, if not in the current directory");
    private final Option<Boolean> rootless = options().flag("rootless", "Not supported");

    Spec() {
        super("spec", "", "Write a config.json to begin with", 0, 0);
    }

    @Override
    int run(RuntimeCall call, List<String> arguments) throws IOException {
        if (rootless.value()) {
            throw HakoException.user(Code.UNSUPPORTED, "--rootless: a VM takes root");
        }
        Path directory = call.path(bundle.value().isEmpty() ? "." : bundle.value());
        try {
            Files.write(
                    directory.resolve("config.json"),
                    example().toJson(),
                    StandardOpenOption.CREATE_NEW,
                    StandardOpenOption.WRITE);
        } catch (FileAlreadyExistsException e) {
            throw HakoException.user(Code.ALREADY_EXISTS, "File config.json exists. Remove it first");
        }
        return SUCCESS;
    }

    private static RuntimeSpec example() {
        ProcessSpec process = new ProcessSpec(
                true,
                null,
                new ProcessSpec.User(0, 0, null, List.of(), null),
                List.of("sh"),
                List.of(Defaults.PATH, "TERM=xterm"),
                "/",
                Defaults.capabilities(CAPABILITIES),
                List.of(ProcessSpec.Rlimit.of("RLIMIT_NOFILE", 1024, 1024)),
                true,
                null,
                null,
                null);
        List<Namespace> namespaces = new ArrayList<>(Defaults.namespaces());
        namespaces.add(Namespace.fresh("network"));
        LinuxSpec linux = new LinuxSpec(
                List.of(),
                List.of(),
                Map.of(),
                new LinuxResources(Defaults.deviceRules(), null, null, null, null, List.of(), Map.of()),
                null,
                namespaces,
                List.of(),
                null,
                null,
                Defaults.MASKED_PATHS,
                Defaults.READONLY_PATHS,
                null,
                null);
        return new RuntimeSpec(
                RuntimeSpec.VERSION,
                new RuntimeSpec.Root("rootfs", true),
                process,
                "hako",
                null,
                Defaults.mounts(),
                null,
                Map.of(),
                linux);
    }
}
