package hako.cli;

import hako.door.Option;
import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;

/** What {@code --help} shows. */
final class Usage {
    private static final int NAME_WIDTH = 12;

    private Usage() {}

    static String of(Verb verb) {
        StringBuilder out = new StringBuilder();
        String options = verb.options().all().isEmpty() ? "" : " [OPTIONS]";
        String synopsis = verb.synopsis().isEmpty() ? "" : " " + verb.synopsis();
        out.append("Usage:  hako %s%s%s%n%n%s%n".formatted(verb.name(), options, synopsis, verb.summary()));
        if (!verb.options().all().isEmpty()) {
            out.append("\nOptions:\n");
            List<Option<?>> sorted = verb.options().all().stream()
                    .sorted(java.util.Comparator.comparing((Option<?> option) -> option.name()))
                    .toList();
            int width = sorted.stream()
                    .mapToInt(option -> names(option).length())
                    .max()
                    .orElse(0);
            for (Option<?> option : sorted) {
                String names = names(option);
                out.append(names).repeat(' ', width - names.length() + 3).append(option.description());
                out.append('\n');
            }
        }
        return out.toString();
    }

    private static String names(Option<?> option) {
        String letter = option.letter() == Option.NO_LETTER ? "      " : "  -" + option.letter() + ", ";
        return letter + "--" + option.name() + (option.metavar() == null ? "" : " " + option.metavar());
    }

    /** The verbs of the program, or of a group of verbs. */
    static String of(String group, String summary, Collection<Verb> verbs) {
        String prefix = group.isEmpty() ? "hako" : "hako " + group;
        return "Usage:  " + prefix + " COMMAND\n\n" + summary + "\n\nCommands:\n"
                + verbs.stream()
                        .map(verb -> line(lastWord(verb.name()), verb.summary()))
                        .collect(Collectors.joining())
                + "\nRun '" + prefix + " COMMAND --help' for more on a command.\n";
    }

    static String line(String name, String summary) {
        return ("  %-" + NAME_WIDTH + "s%s\n").formatted(name, summary);
    }

    private static String lastWord(String name) {
        return name.substring(name.lastIndexOf(' ') + 1);
    }
}
