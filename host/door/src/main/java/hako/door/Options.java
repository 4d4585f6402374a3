package hako.door;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The options a verb knows, and the grammar of Docker's command line: {@code --name N}, {@code --name=N}, {@code -n N},
 * {@code -nN}, bundles ({@code -it}), switches that take {@code =false}, {@code --} before what is no option. Belongs
 * to one call.
 *
 * <p>Why not a library: the README of this module tells. The one at hand costs 80 ms in a young JVM, and this is on the
 * path of every call.
 */
public final class Options {
    private final List<Option<?>> all = new ArrayList<>();
    private final Map<String, Option<?>> byName = new HashMap<>();
    private final Map<Character, Option<?>> byLetter = new HashMap<>();
    private boolean helpAsked;

    public Option<Boolean> flag(String name, String description) {
        return flag(name, Option.NO_LETTER, description);
    }

    public Option<Boolean> flag(String name, char letter, String description) {
        return add(new Option<>(name, letter, null, description, false, (_, text) -> truth(text)));
    }

    public Option<String> text(String name, String metavar, String description) {
        return text(name, Option.NO_LETTER, metavar, description);
    }

    /** The last one given; empty when absent. */
    public Option<String> text(String name, char letter, String metavar, String description) {
        return value(name, letter, metavar, description, "", text -> text);
    }

    public Option<List<String>> list(String name, String metavar, String description) {
        return list(name, Option.NO_LETTER, metavar, description);
    }

    /** All that are given, in order. */
    public Option<List<String>> list(String name, char letter, String metavar, String description) {
        return add(new Option<>(name, letter, metavar, description, List.of(), (before, text) -> {
            List<String> texts = new ArrayList<>(before);
            texts.add(text);
            return texts;
        }));
    }

    public <T extends @Nullable Object> Option<T> value(
            String name, String metavar, String description, T absent, Function<String, T> parse) {
        return value(name, Option.NO_LETTER, metavar, description, absent, parse);
    }

    /** @param parse throws IllegalArgumentException or HakoException with what is wrong about the text */
    public <T extends @Nullable Object> Option<T> value(
            String name, char letter, String metavar, String description, T absent, Function<String, T> parse) {
        return add(new Option<>(name, letter, metavar, description, absent, (_, text) -> parse.apply(text)));
    }

    private <T extends @Nullable Object> Option<T> add(Option<T> option) {
        all.add(option);
        byName.put(option.name(), option);
        if (option.letter() != Option.NO_LETTER) {
            byLetter.put(option.letter(), option);
        }
        return option;
    }

    /** In the order of declaration. */
    public List<Option<?>> all() {
        return all;
    }

    /** Whether {@code --help} was among the arguments, or {@code -h} where that is nothing else. */
    public boolean helpAsked() {
        return helpAsked;
    }

    /**
     * Gives the options their values.
     *
     * @param mixed options may stand between and behind the other arguments; otherwise the first argument that is no
     *     option ends them
     * @return what is no option; nothing after {@link #helpAsked}
     * @throws UsageException as Docker words it
     */
    public List<String> parse(List<String> arguments, boolean mixed) {
        List<String> rest = new ArrayList<>();
        int at = 0;
        while (at < arguments.size()) {
            String argument = arguments.get(at++);
            if (argument.equals("--")) {
                break;
            }
            if (argument.equals("--help") || argument.equals("-h") && !byLetter.containsKey('h')) {
                helpAsked = true;
                return List.of();
            }
            if (argument.length() < 2 || argument.charAt(0) != '-') {
                rest.add(argument);
                if (!mixed) {
                    break;
                }
            } else if (argument.startsWith("--")) {
                at = name(argument, arguments, at);
            } else {
                at = letters(argument, arguments, at);
            }
        }
        rest.addAll(arguments.subList(at, arguments.size()));
        return rest;
    }

    private int name(String argument, List<String> arguments, int at) {
        int equals = argument.indexOf('=');
        String name = equals < 0 ? argument.substring(2) : argument.substring(2, equals);
        Option<?> option = byName.get(name);
        if (option == null) {
            throw new UsageException("unknown flag: --" + Printable.line(name));
        }
        if (equals >= 0) {
            option.take(argument.substring(equals + 1));
            return at;
        }
        return take(option, arguments, at, "--" + name);
    }

    private int letters(String argument, List<String> arguments, int at) {
        for (int i = 1; i < argument.length(); i++) {
            char letter = argument.charAt(i);
            Option<?> option = byLetter.get(letter);
            if (option == null) {
                throw new UsageException("unknown shorthand flag: '%s' in %s"
                        .formatted(Printable.line(String.valueOf(letter)), Printable.line(argument)));
            }
            String attached = argument.substring(i + 1);
            if (attached.startsWith("=")) {
                option.take(attached.substring(1));
                return at;
            }
            if (!option.isSwitch()) {
                if (attached.isEmpty()) {
                    return take(option, arguments, at, "'%s' in %s".formatted(letter, argument));
                }
                option.take(attached);
                return at;
            }
            option.take("true");
        }
        return at;
    }

    private static int take(Option<?> option, List<String> arguments, int at, String spelling) {
        if (option.isSwitch()) {
            option.take("true");
            return at;
        }
        if (at == arguments.size()) {
            throw new UsageException("flag needs an argument: " + Printable.line(spelling));
        }
        option.take(arguments.get(at));
        return at + 1;
    }

    private static boolean truth(String text) {
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "true", "t", "1" -> true;
            case "false", "f", "0" -> false;
            default -> throw new IllegalArgumentException("neither true nor false");
        };
    }
}
