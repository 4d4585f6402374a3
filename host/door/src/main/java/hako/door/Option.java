package hako.door;

import hako.base.HakoException;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * One option of a verb and, once the call's arguments are parsed, its value. Belongs to one call.
 *
 * @param <T> of the value
 */
public final class Option<T extends @Nullable Object> {
    /** For an option without a letter. */
    public static final char NO_LETTER = 0;

    private final String name;
    private final char letter;
    private final @Nullable String metavar;
    private final String description;
    private final BiFunction<T, String, T> take;
    private T value;
    private boolean given;

    /**
     * @param name after {@code --}
     * @param metavar how help calls the value; null: a switch, that takes none
     * @param take from the value so far and the text given to the value from then on
     */
    public Option(
            String name,
            char letter,
            @Nullable String metavar,
            String description,
            T absent,
            BiFunction<T, String, T> take) {
        this.name = name;
        this.letter = letter;
        this.metavar = metavar;
        this.description = description;
        this.value = absent;
        this.take = take;
    }

    public String name() {
        return name;
    }

    public char letter() {
        return letter;
    }

    @Nullable
    public String metavar() {
        return metavar;
    }

    public String description() {
        return description;
    }

    public boolean isSwitch() {
        return metavar == null;
    }

    public T value() {
        return value;
    }

    /** Whether the call names it at all. */
    public boolean given() {
        return given;
    }

    public void take(String text) {
        try {
            value = take.apply(value, text);
            given = true;
        } catch (HakoException | IllegalArgumentException e) {
            throw new UsageException(
                    "invalid argument \"%s\" for %s: %s".formatted(Printable.line(text), spelling(), e.getMessage()));
        }
    }

    private String spelling() {
        return letter == NO_LETTER ? "--" + name : "-" + letter + ", --" + name;
    }
}
