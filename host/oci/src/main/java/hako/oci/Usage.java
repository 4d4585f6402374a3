package hako.oci;

import hako.door.Option;
import hako.door.Options;

/** What {@code --help} shows. */
final class Usage {
    private Usage() {}

    static String of(Verb verb) {
        return "NAME:\n   hako-runtime %s - %s\n\nUSAGE:\n   hako-runtime %s [command options] %s\n\nOPTIONS:\n%s"
                .formatted(verb.name(), verb.summary(), verb.name(), verb.synopsis(), lines(verb.options()));
    }

    static String of(GlobalOptions options) {
        StringBuilder out = new StringBuilder("""
                NAME:
                   hako-runtime - containers in VMs of their own, for whoever calls runc

                USAGE:
                   hako-runtime [global options] command [command options] [arguments...]

                COMMANDS:
                """);
        Verbs.all().forEach(verb -> out.append("   %-12s%s\n".formatted(verb.name(), verb.summary())));
        return out.append("\nGLOBAL OPTIONS:\n")
                .append(lines(options.options()))
                .toString();
    }

    private static String lines(Options options) {
        StringBuilder out = new StringBuilder();
        for (Option<?> option : options.all()) {
            String letter = option.letter() == Option.NO_LETTER ? "" : ", -" + option.letter();
            String value = option.metavar() == null ? "" : " " + option.metavar();
            out.append("   %-28s%s\n".formatted("--" + option.name() + letter + value, option.description()));
        }
        return out.toString();
    }
}
