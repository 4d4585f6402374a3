package hako.oci;

import hako.door.Option;
import hako.door.Options;
import java.util.List;

/** What stands before the verb. Belongs to one call. */
final class GlobalOptions {
    private final Options options = new Options();
    final Option<String> root = options.value(
            "root", "DIR", "Tells the containers of several callers apart", "/run/hako-runtime", GlobalOptions::root);
    final Option<String> log = options.text("log", "FILE", "Where messages go, if not to standard error");
    final Option<LogFormat> logFormat =
            options.value("log-format", "FORMAT", "text or json", LogFormat.TEXT, LogFormat::parse);
    final Option<Boolean> debug = options.flag("debug", "Taken, and without effect: see HAKO_LOG of the daemon");
    final Option<Boolean> systemdCgroup = options.flag(
            "systemd-cgroup", "Have systemd make the cgroup on this host (cgroupsPath: SLICE:PREFIX:NAME)");
    final Option<String> rootless = options.text("rootless", "WHEN", "Taken, and without effect");
    final Option<String> criu = options.text("criu", "PATH", "Taken, and without effect");
    final Option<Boolean> version = options.flag("version", 'v', "Tell the version");

    /** @return the verb and what follows it */
    List<String> parse(List<String> words) {
        return options.parse(words, false);
    }

    Options options() {
        return options;
    }

    private static String root(String text) {
        if (text.isEmpty()) {
            throw new IllegalArgumentException("it is empty");
        }
        return text;
    }

    /** Of a message in the log. */
    enum LogFormat {
        TEXT,
        JSON;

        static LogFormat parse(String text) {
            return switch (text) {
                case "text" -> TEXT;
                case "json" -> JSON;
                default -> throw new IllegalArgumentException("text or json");
            };
        }
    }
}
