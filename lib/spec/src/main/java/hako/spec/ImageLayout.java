package hako.spec;

import io.avaje.jsonb.Json;

/** The {@code oci-layout} file that marks a directory as an image layout (image-spec, image-layout.md). */
@Json
public record ImageLayout(String imageLayoutVersion) {
    public static final String FILE = "oci-layout";

    public static ImageLayout current() {
        return new ImageLayout("1.0.0");
    }

    public static ImageLayout fromJson(byte[] json) {
        return SpecJson.read(ImageLayout.class, json, "image layout marker");
    }

    public byte[] toJson() {
        return SpecJson.write(ImageLayout.class, this);
    }
}
