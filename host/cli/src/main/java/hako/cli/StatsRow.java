package hako.cli;

import hako.door.Bytes;
import hako.door.Json;
import hako.sandbox.ContainerId;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A container as {@code stats} shows it: Docker's columns, and what its VM takes of the host.
 *
 * @param sample null: it has ended, or does not answer
 */
record StatsRow(
        String id,
        String name,
        @Nullable StatsSample before,
        @Nullable StatsSample sample) {
    private static final String UNKNOWN = "--";

    static String table(List<StatsRow> rows, boolean full) {
        Table table = new Table(
                "CONTAINER ID",
                "NAME",
                "CPU %",
                "MEM USAGE / LIMIT",
                "MEM %",
                "NET I/O",
                "BLOCK I/O",
                "PIDS",
                "VM MEM");
        for (StatsRow row : rows) {
            table.row(
                    full ? row.id : ContainerId.shortened(row.id),
                    row.name,
                    row.cpu(),
                    row.memory(),
                    row.memoryPercent(),
                    row.network(),
                    row.disk(),
                    row.sample == null ? UNKNOWN : String.valueOf(row.sample.pids()),
                    row.sample == null ? UNKNOWN : Bytes.binary(row.sample.vmBytes()));
        }
        return table.text();
    }

    Map<String, @Nullable Object> json() {
        return Json.object(
                "ID", ContainerId.shortened(id),
                "Name", name,
                "CPUPerc", cpu(),
                "MemUsage", memory(),
                "MemPerc", memoryPercent(),
                "NetIO", network(),
                "BlockIO", disk(),
                "PIDs", sample == null ? UNKNOWN : String.valueOf(sample.pids()),
                "VmMem", sample == null ? UNKNOWN : Bytes.binary(sample.vmBytes()));
    }

    private String cpu() {
        return sample == null || before == null ? UNKNOWN : percent(sample.cpuPercent(before));
    }

    private String memory() {
        return sample == null
                ? UNKNOWN + " / " + UNKNOWN
                : Bytes.binary(sample.memoryBytes()) + " / " + Bytes.binary(sample.limitBytes());
    }

    private String memoryPercent() {
        return sample == null ? UNKNOWN : percent(sample.memoryPercent());
    }

    private String network() {
        return sample == null ? UNKNOWN : pair(sample.receivedBytes(), sample.sentBytes());
    }

    private String disk() {
        return sample == null ? UNKNOWN : pair(sample.readBytes(), sample.writtenBytes());
    }

    private static String pair(long in, long out) {
        return Bytes.decimal(in) + " / " + Bytes.decimal(out);
    }

    private static String percent(double value) {
        return String.format(Locale.ROOT, "%.2f%%", value);
    }
}
