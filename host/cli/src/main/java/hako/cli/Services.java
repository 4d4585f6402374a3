package hako.cli;

import hako.image.Image;
import hako.image.ImageStore;
import hako.image.RegistryOptions;
import hako.sandbox.Sandboxes;
import hako.storage.RootFilesystem;
import hako.vm.HostCheck;
import hako.vm.TemplateSource;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * What the verbs work with; one for the daemon's life.
 *
 * @param root the read-only root of an image, in the form this node uses
 * @param registries how they are spoken to
 * @param check what this host can do, looked at when asked
 * @param templates that VMs are cloned from
 * @param clones whether they are
 * @param state where named volumes are kept, below {@code volumes}
 * @param install where Hako's own files are: {@code lib}, {@code guest}
 * @param log the daemon's log, for messages that point there
 * @param version of Hako
 * @param startedAt of the daemon
 */
public record Services(
        Sandboxes sandboxes,
        ImageStore images,
        Function<Image, RootFilesystem> root,
        RegistryOptions registries,
        Supplier<HostCheck> check,
        TemplateSource templates,
        boolean clones,
        Path state,
        Path install,
        Path log,
        String version,
        Instant startedAt,
        InstantSource clock) {}
