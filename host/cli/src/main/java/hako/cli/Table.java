package hako.cli;

import hako.door.Printable;
import java.util.ArrayList;
import java.util.List;

/** Rows under a heading, aligned as Docker aligns them: columns at least ten wide, three apart. One thread. */
final class Table {
    private static final int LEAST_WIDTH = 10;
    private static final int GAP = 3;

    private final List<List<String>> rows = new ArrayList<>();

    Table(String... heading) {
        rows.add(List.of(heading));
    }

    /** As many cells as the heading has; they are made {@link Printable} here. */
    Table row(String... cells) {
        rows.add(List.of(cells).stream().map(Printable::line).toList());
        return this;
    }

    /** Ends with a newline. */
    String text() {
        int[] widths = widths();
        StringBuilder out = new StringBuilder();
        for (List<String> row : rows) {
            for (int column = 0; column < row.size(); column++) {
                String cell = row.get(column);
                out.append(cell);
                if (column < row.size() - 1) {
                    out.repeat(' ', widths[column] - width(cell));
                }
            }
            out.append('\n');
        }
        return out.toString();
    }

    private int[] widths() {
        int[] widths = new int[rows.getFirst().size()];
        for (List<String> row : rows) {
            for (int column = 0; column < row.size(); column++) {
                widths[column] = Math.max(widths[column], Math.max(LEAST_WIDTH, width(row.get(column)) + GAP));
            }
        }
        return widths;
    }

    private static int width(String cell) {
        return cell.codePointCount(0, cell.length());
    }
}
