package hako.oci;

import hako.door.Option;
import hako.door.Options;

/** {@code --format} of the verbs that list. */
final class Formats {
    static final String TABLE = "table";
    static final String JSON = "json";

    private Formats() {}

    static Option<String> option(Options options) {
        return options.value("format", 'f', "FORMAT", "table (default) or json", TABLE, text -> {
            if (!text.equals(TABLE) && !text.equals(JSON)) {
                throw new IllegalArgumentException("invalid format option");
            }
            return text;
        });
    }
}
