package hako.cli;

import hako.image.ImageStore;
import hako.image.RegistryOptions;
import hako.sandbox.Node;
import hako.sandbox.SandboxConfig;
import hako.sandbox.Sandboxes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/** What verbs work with, as far as they can without a VM. */
final class FakeServices {
    static final Instant NOW = Instant.parse("2026-01-31T12:00:00Z");

    private FakeServices() {}

    /** For calls that look at nothing. */
    @SuppressWarnings("NullAway")
    static Services without() {
        return new Services(
                null,
                null,
                null,
                RegistryOptions.DEFAULT,
                null,
                null,
                false,
                Path.of("/none"),
                Path.of("/none"),
                Path.of("/run/hako/hakod.log"),
                "0.1.0",
                NOW.minusSeconds(180),
                InstantSource.fixed(NOW));
    }

    /** No containers, no images, no registry that answers. */
    @SuppressWarnings("NullAway")
    static Services in(Path directory) {
        SandboxConfig config = new SandboxConfig(
                directory.resolve("run"),
                directory.resolve("lib"),
                1,
                1,
                1 << 28,
                SandboxConfig.Writable.MEMORY,
                1 << 20,
                0,
                0,
                java.util.List.of());
        Sandboxes sandboxes = new Sandboxes(new Node(config, null, null, null, null, InstantSource.fixed(NOW)));
        RegistryOptions registries =
                new RegistryOptions(java.util.Set.of(), null, Duration.ofMillis(200), Duration.ofMillis(200), 1, 0);
        try {
            return new Services(
                    sandboxes,
                    new ImageStore(directory.resolve("lib")),
                    image -> {
                        throw new UnsupportedOperationException();
                    },
                    registries,
                    null,
                    null,
                    false,
                    directory.resolve("lib"),
                    directory.resolve("install"),
                    Path.of("/run/hako/hakod.log"),
                    "0.1.0",
                    NOW.minusSeconds(180),
                    InstantSource.fixed(NOW));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
