package hako.image;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** Files by name, from a directory or an archive: what {@code image load} reads. */
interface ImageSource extends AutoCloseable {
    boolean has(String name);

    /** @throws ImageException CORRUPT when it is not there */
    InputStream open(String name) throws IOException;

    @Override
    void close() throws IOException;

    /** Whole and bounded. */
    default byte[] read(String name) throws IOException {
        try (InputStream in = open(name)) {
            byte[] content = in.readNBytes(ImageStore.MAX_DOCUMENT_BYTES + 1);
            if (content.length > ImageStore.MAX_DOCUMENT_BYTES) {
                throw ImageException.refused(
                        "load image: \"" + name + "\" is larger than " + ImageStore.MAX_DOCUMENT_BYTES + " bytes");
            }
            return content;
        }
    }

    static ImageException missing(String name) {
        return ImageException.corrupt("load image: \"" + name + "\" is not there");
    }

    /** A layout's directory. Names come from digests and constants only: nothing climbs out. */
    record Directory(Path root) implements ImageSource {
        @Override
        public boolean has(String name) {
            return Files.isRegularFile(root.resolve(name));
        }

        @Override
        public InputStream open(String name) throws IOException {
            if (!has(name)) {
                throw missing(name);
            }
            return Files.newInputStream(root.resolve(name));
        }

        @Override
        public void close() {}
    }
}
