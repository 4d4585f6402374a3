package hako.it;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** Small programs among the test resources, compiled when they are needed: static, so that they run in any guest. */
final class CProgram {
    private CProgram() {}

    /** The program, in the folder. */
    static Path compile(String source, Path folder, String name, String... definitions) {
        Path text = folder.resolve(source);
        Path program = folder.resolve(name);
        try (InputStream resource = CProgram.class.getResourceAsStream(source)) {
            Files.write(text, Objects.requireNonNull(resource).readAllBytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        List<String> line = new ArrayList<>(List.of("gcc", "-static", "-O1", "-w"));
        line.addAll(List.of(definitions));
        line.addAll(List.of("-o", program.toString(), text.toString()));
        Command.of(line).run().ok();
        return program;
    }
}
