package hako.cli;

import java.util.List;

/** {@code hako help [COMMAND]}, and {@code hako} alone. */
final class Help extends Verb {
    private static final String SUMMARY = "Runs every container in a virtual machine of its own.";

    Help() {
        super("help", "[COMMAND]", "Show the commands, or one of them", 0, 2);
    }

    @Override
    int run(Call call, List<String> arguments) {
        call.out().print(text(arguments));
        return SUCCESS;
    }

    static String text(List<String> words) {
        if (words.isEmpty()) {
            StringBuilder out = new StringBuilder(Usage.of("", SUMMARY, Verbs.inGroup("")));
            StringBuilder groups = new StringBuilder();
            Verbs.GROUPS.forEach((name, summary) -> groups.append(Usage.line(name, summary)));
            return out.insert(out.indexOf("\nRun 'hako"), "\nGroups of commands:\n" + groups)
                    .toString();
        }
        if (words.size() == 1 && Verbs.GROUPS.get(words.getFirst()) instanceof String summary) {
            return Usage.of(words.getFirst(), summary, Verbs.inGroup(words.getFirst()));
        }
        return Usage.of(Verbs.find(words).verb());
    }
}
