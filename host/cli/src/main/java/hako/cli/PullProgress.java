package hako.cli;

import hako.door.Bytes;
import hako.image.Digest;
import hako.image.Progress;
import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How far a pull is: on a terminal a bar for each layer, drawn again and again in its place; elsewhere one line for
 * each step. Threads: any.
 */
final class PullProgress implements Progress, AutoCloseable {
    private static final long REDRAW_NANOS = 100_000_000;
    private static final int BAR_WIDTH = 40;
    private static final int SHORT_DIGEST = 12;

    /** Cursor to the beginning of the line, so many lines up; erase to the end of the line (ECMA-48, CPL and EL). */
    private static final String UP = "\u001b[%dF";

    private static final String ERASE = "\u001b[K";

    private final PrintStream out;
    private final boolean terminal;
    /** In the order they were first heard of. Guarded by this, as everything below. */
    private final Map<Digest, Layer> layers = new LinkedHashMap<>();

    private int drawn;
    private long drawnAt = System.nanoTime() - REDRAW_NANOS;

    private record Layer(Step step, long bytes, long total) {}

    PullProgress(PrintStream out, boolean terminal) {
        this.out = out;
        this.terminal = terminal;
    }

    @Override
    public synchronized void layer(Digest blob, Step step, long bytes, long total) {
        Layer before = layers.put(blob, new Layer(step, bytes, total));
        boolean news = before == null || before.step != step;
        if (!terminal) {
            if (news) {
                out.println(name(blob) + ": " + text(step));
            }
        } else if (news || System.nanoTime() - drawnAt >= REDRAW_NANOS) {
            draw();
        }
    }

    @Override
    public synchronized void close() {
        if (terminal) {
            draw();
        }
    }

    private void draw() {
        StringBuilder screen = new StringBuilder();
        if (drawn > 0) {
            screen.append(UP.formatted(drawn));
        }
        layers.forEach((digest, layer) -> screen.append(name(digest))
                .append(": ")
                .append(line(layer))
                .append(ERASE)
                .append('\n'));
        out.print(screen);
        out.flush();
        drawn = layers.size();
        drawnAt = System.nanoTime();
    }

    private static String line(Layer layer) {
        if (layer.step != Step.DOWNLOADING || layer.total <= 0) {
            return text(layer.step);
        }
        int done = Math.clamp(layer.bytes * BAR_WIDTH / layer.total, 0, BAR_WIDTH);
        return "%s [%s%s] %s/%s"
                .formatted(
                        text(layer.step),
                        "=".repeat(Math.max(0, done - 1)) + (done > 0 ? ">" : ""),
                        " ".repeat(BAR_WIDTH - done),
                        Bytes.decimal(layer.bytes),
                        Bytes.decimal(layer.total));
    }

    private static String name(Digest blob) {
        return blob.hex().substring(0, SHORT_DIGEST);
    }

    private static String text(Progress.Step step) {
        return switch (step) {
            case PRESENT -> "Already exists";
            case DOWNLOADING -> "Downloading";
            case DOWNLOADED -> "Download complete";
            case UNPACKING -> "Extracting";
            case DONE -> "Pull complete";
        };
    }
}
