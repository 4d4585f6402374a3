package hako.cli;

import hako.base.HakoException;
import hako.door.Option;
import hako.door.Options;
import hako.door.Printable;
import hako.doorstep.Caller;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.List;

/** The options of {@code run} and {@code exec} that give variables. */
final class EnvironmentOptions {
    private static final int LARGEST_FILE = 1 << 20;

    private final Option<List<String>> variables;
    private final Option<List<String>> files;

    EnvironmentOptions(Options options) {
        variables = options.list("env", 'e', "NAME[=VALUE]", "Set a variable; without a value: as it is here");
        files = options.list("env-file", "FILE", "Set the variables of a file, one on a line");
    }

    /** Those of files first, so that {@code -e} has the last word. */
    Variables variables(Caller caller) {
        Variables result = new Variables();
        for (String file : files.value()) {
            for (String line : read(caller, file).lines().toList()) {
                String text = line.stripLeading();
                if (!text.isEmpty() && !text.startsWith("#")) {
                    check(file, text);
                    result.option(text, caller.environment());
                }
            }
        }
        variables.value().forEach(text -> result.option(text, caller.environment()));
        return result;
    }

    private static void check(String file, String line) {
        int equals = line.indexOf('=');
        String name = equals < 0 ? line : line.substring(0, equals);
        if (name.isEmpty() || name.chars().anyMatch(Character::isWhitespace)) {
            throw HakoException.user(
                    HakoException.Code.INVALID_ARGUMENT,
                    "%s: \"%s\" is not the name of a variable".formatted(file, Printable.line(name)));
        }
    }

    private static String read(Caller caller, String file) {
        try (InputStream in = Files.newInputStream(caller.path(file))) {
            byte[] bytes = in.readNBytes(LARGEST_FILE + 1);
            if (bytes.length > LARGEST_FILE) {
                throw HakoException.user(HakoException.Code.INVALID_ARGUMENT, file + ": larger than 1 MiB");
            }
            return new String(bytes, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw Failures.reading(file, e);
        }
    }
}
