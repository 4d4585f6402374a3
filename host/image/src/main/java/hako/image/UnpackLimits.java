package hako.image;

/**
 * What one layer may cost: bounds that an honest image does not reach, so that a tar bomb ends early.
 *
 * @param maxBytes of all files of a layer, holes included
 * @param maxEntries of a layer
 * @param maxRatio uncompressed to compressed bytes, asked once {@code ratioFreeBytes} are unpacked
 * @param reserveBytes that stay free on the host's file system whatever is unpacked
 */
public record UnpackLimits(long maxBytes, long maxEntries, int maxRatio, long ratioFreeBytes, long reserveBytes) {
    private static final long MIB = 1L << 20;
    private static final long GIB = 1L << 30;

    /** 64 GiB, two million entries, 200 times after the first GiB, 256 MiB left over. */
    public static final UnpackLimits DEFAULT = new UnpackLimits(64 * GIB, 2_000_000, 200, GIB, 256 * MIB);
}
