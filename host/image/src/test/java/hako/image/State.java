package hako.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** A state directory for one test, removed by rm, which does not mind what images contain. */
final class State implements AfterEachCallback {
    private final Path root;

    State() {
        try {
            root = Files.createTempDirectory("hako-image-");
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    Path directory() {
        return root.resolve("state");
    }

    Path file(String name) {
        return root.resolve(name);
    }

    ImageStore store() throws IOException {
        return new ImageStore(directory());
    }

    ImageStore store(UnpackLimits limits) throws IOException {
        return new ImageStore(directory(), limits);
    }

    /** No image, blob, layer, disk or temporary file. */
    void assertEmpty() throws IOException {
        for (String folder : List.of("images/blobs/sha256", "layers", "rootfs", "tmp", "partial")) {
            await("what is left in " + folder, () -> left(directory().resolve(folder)));
        }
        assertThat(new ImageStore(directory()).list()).isEmpty();
    }

    /** What is removed goes in the background. */
    private static void await(String what, Callable<List<Path>> left) throws IOException {
        try {
            for (int i = 0; i < 100 && !left.call().isEmpty(); i++) {
                Thread.sleep(50);
            }
            assertThat(left.call()).as(what).isEmpty();
        } catch (IOException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private static List<Path> left(Path folder) throws IOException {
        return Trees.children(folder).stream()
                .filter(child -> !child.endsWith("layers/empty"))
                .toList();
    }

    @Override
    public void afterEach(ExtensionContext context) throws IOException {
        Trees.remove(root);
    }
}
