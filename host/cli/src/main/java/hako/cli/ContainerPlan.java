package hako.cli;

import hako.base.HakoException;
import hako.base.HakoException.Code;
import hako.door.Printable;
import hako.door.Signals;
import hako.image.Image;
import hako.linux.HostFiles;
import hako.sandbox.ContainerId;
import hako.sandbox.ContainerRequest;
import hako.sandbox.NetworkRequest;
import hako.sandbox.NetworkRequest.Mode;
import hako.sandbox.SandboxRequest;
import hako.spec.ImageConfig;
import hako.spec.MountSpec;
import hako.spec.RuntimeSpec;
import hako.storage.RootFilesystem;
import java.net.InetAddress;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * From the options of a {@code run} to the request to make that container.
 *
 * @param reference the image as the call names it
 * @param arguments behind it
 */
record ContainerPlan(
        ContainerOptions options,
        String reference,
        List<String> arguments,
        boolean terminal,
        boolean openStdin,
        boolean autoRemove) {
    private static final Pattern HOSTNAME = Pattern.compile("[a-zA-Z0-9]([a-zA-Z0-9.-]{0,61}[a-zA-Z0-9])?");
    private static final int MOST_LABEL_BYTES = 64 * 1024;

    /** What can be said without the image is said first: a wrong option should not cost a download. */
    void check() {
        hostname("x");
        labels(Map.of());
        network("x");
        if (!options.stopSignal.value().isEmpty()) {
            signal(options.stopSignal.value(), "--stop-signal");
        }
        Capabilities.of(options.capAdd.value(), options.capDrop.value());
        if (options.name.given() && !ContainerId.isValidName(options.name.value())) {
            throw invalid(
                    "invalid container name \"%s\": letters, digits, _ . - and at most 63, the first a letter or digit"
                            .formatted(Printable.line(options.name.value())));
        }
    }

    ContainerRequest request(Call call, Image image, RootFilesystem root) {
        String id = ContainerId.random();
        ImageConfig.Execution config = image.config().execution();
        String hostname = hostname(ContainerId.shortened(id));
        Volumes volumes =
                new Volumes(call.caller()::path, call.services().state().resolve("volumes"));
        List<MountSpec> mounts =
                options.volumes.value().stream().map(volumes::mount).toList();
        RuntimeSpec spec = new ContainerSpec(
                        options,
                        config,
                        arguments,
                        options.environment.variables(call.caller()),
                        terminal,
                        Terminals.size(call.caller()),
                        hostname,
                        mounts)
                .build();
        String stopSignal = options.stopSignal.given() ? options.stopSignal.value() : config.stopSignal();
        return new ContainerRequest(
                id,
                options.name.given() ? options.name.value() : ContainerNames.random(),
                reference,
                image.id().toString(),
                root,
                spec,
                options.user.given() ? options.user.value() : config.user() == null ? "" : config.user(),
                openStdin,
                autoRemove,
                network(hostname),
                stopSignal == null || stopSignal.isEmpty()
                        ? Signals.SIGTERM
                        : signal(stopSignal, "the image's stop signal"),
                labels(config.labels()),
                SandboxRequest.OWN,
                HostFiles.OURS);
    }

    private String hostname(String otherwise) {
        String name = options.hostname.given() ? options.hostname.value() : otherwise;
        if (!HOSTNAME.matcher(name).matches()) {
            throw invalid("invalid hostname \"%s\": letters, digits, - and . between them, at most 63 in all"
                    .formatted(Printable.line(name)));
        }
        return name;
    }

    private NetworkRequest network(String hostname) {
        Mode mode = options.network.value();
        if (mode == Mode.NONE && !options.ports.value().isEmpty()) {
            throw invalid("-p publishes a port of the network, and with --network none there is none");
        }
        for (String server : options.dns.value()) {
            try {
                InetAddress.ofLiteral(server);
            } catch (IllegalArgumentException e) {
                throw invalid("--dns \"%s\" is not an IP address".formatted(Printable.line(server)));
            }
        }
        return new NetworkRequest(mode, hostname, options.ports.value(), options.dns.value());
    }

    private static int signal(String text, String what) {
        try {
            return Signals.number(text);
        } catch (IllegalArgumentException e) {
            throw invalid("%s \"%s\": %s".formatted(what, Printable.line(text), e.getMessage()));
        }
    }

    /** The call's on top of the image's. */
    private Map<String, String> labels(Map<String, String> image) {
        Map<String, String> labels = new LinkedHashMap<>(image);
        for (String label : options.labels.value()) {
            int equals = label.indexOf('=');
            if (equals == 0 || label.isEmpty()) {
                throw invalid("invalid label \"%s\": write it as KEY=VALUE".formatted(Printable.line(label)));
            }
            labels.put(equals < 0 ? label : label.substring(0, equals), equals < 0 ? "" : label.substring(equals + 1));
        }
        if (labels.toString().length() > MOST_LABEL_BYTES) {
            throw invalid("the labels are longer than 64 KiB together");
        }
        return labels;
    }

    private static HakoException invalid(String message) {
        return HakoException.user(Code.INVALID_ARGUMENT, message);
    }
}
