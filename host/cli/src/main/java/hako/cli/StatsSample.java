package hako.cli;

import hako.agent.v1.LinkStats;
import hako.agent.v1.StatsResponse;
import hako.sandbox.Container;

/**
 * What a container used until one moment.
 *
 * @param nanos of a clock that only goes forward
 * @param memoryBytes what it needs: without file contents that could be dropped
 * @param limitBytes its own, or, without one, what its VM has
 * @param vmBytes host memory of its VM and helpers
 */
record StatsSample(
        long nanos,
        long cpuNanos,
        long memoryBytes,
        long limitBytes,
        long pids,
        long receivedBytes,
        long sentBytes,
        long readBytes,
        long writtenBytes,
        long vmBytes) {

    static StatsSample of(Container container) {
        StatsResponse stats = container.stats();
        return of(stats, System.nanoTime(), container.vmResidentBytes(), container.vmMemoryBytes());
    }

    /** The guest is not trusted: what cannot be is read as nothing. */
    static StatsSample of(StatsResponse stats, long nanos, long vmBytes, long vmMemoryBytes) {
        long limit = sane(stats.getMemoryLimitBytes());
        return new StatsSample(
                nanos,
                sane(stats.getCpuUsageNs()),
                sane(stats.getMemoryWorkingSetBytes()),
                limit == 0 ? vmMemoryBytes : Math.min(limit, vmMemoryBytes),
                sane(stats.getPids()),
                stats.getLinksList().stream()
                        .mapToLong(LinkStats::getRxBytes)
                        .map(StatsSample::sane)
                        .sum(),
                stats.getLinksList().stream()
                        .mapToLong(LinkStats::getTxBytes)
                        .map(StatsSample::sane)
                        .sum(),
                sane(stats.getIoReadBytes()),
                sane(stats.getIoWriteBytes()),
                vmBytes);
    }

    private static long sane(long value) {
        return Math.max(0, value);
    }

    /** Of one CPU, in percent, between an earlier sample and this. */
    double cpuPercent(StatsSample before) {
        long passed = nanos - before.nanos;
        return passed <= 0 ? 0 : Math.max(0, 100.0 * (cpuNanos - before.cpuNanos) / passed);
    }

    /** Of the limit. */
    double memoryPercent() {
        return limitBytes == 0 ? 0 : 100.0 * memoryBytes / limitBytes;
    }
}
