package hako.linux;

/** The two {@code O_} flags that differ between processors (arch/arm64/include/uapi/asm/fcntl.h). */
final class OpenFlags {
    private static final boolean ARM = System.getProperty("os.arch").equals("aarch64");

    static final int DIRECTORY = ARM ? 0x4000 : 0x10000;
    static final int NOFOLLOW = ARM ? 0x8000 : 0x20000;

    private OpenFlags() {}
}
