package hako.image;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/**
 * Ends the unpacking of a stream that grows without bound, a tar bomb, or takes without bound of time. Everything that comes
 * out counts, also what no entry keeps. One thread.
 */
final class RatioGuard {
    private static final int SKIP_BYTES = 64 * 1024;

    /** 64 GiB at 36 MB/s. */
    private static final Duration MAX_TIME = Duration.ofMinutes(30);

    private final UnpackLimits limits;
    private final String subject;
    private final InstantSource clock;
    private final Instant deadline;
    private long packedBytes;
    private long unpackedBytes;

    /** @param subject for messages: {@code "unpack image hako/busybox"} */
    RatioGuard(UnpackLimits limits, String subject, InstantSource clock) {
        this.limits = limits;
        this.subject = subject;
        this.clock = clock;
        this.deadline = clock.instant().plus(MAX_TIME);
    }

    /** Counts what goes into the decompressor. */
    InputStream packed(InputStream in) {
        return new Counting(in) {
            @Override
            void counted(int n) {
                packedBytes += n;
            }
        };
    }

    /** Counts what comes out of it, and refuses more than is allowed. */
    InputStream unpacked(InputStream in) {
        return new Counting(in) {
            @Override
            void counted(int n) {
                unpackedBytes += n;
                check();
            }
        };
    }

    private void check() {
        if (clock.instant().isAfter(deadline)) {
            throw ImageException.refused(
                    "%s: a layer is not unpacked after %d minutes".formatted(subject, MAX_TIME.toMinutes()));
        }
        if (unpackedBytes > limits.ratioFreeBytes() && unpackedBytes / limits.maxRatio() > packedBytes) {
            throw ImageException.refused("%s: a layer of %d bytes has unpacked to %d MB: more than %d times"
                    .formatted(subject, packedBytes, unpackedBytes >> 20, limits.maxRatio()));
        }
        // Headers and padding come on top of what the files may have.
        if (unpackedBytes / 2 > limits.maxBytes()) {
            throw ImageException.refused("%s: a layer unpacks to more than %d MB, which is the limit"
                    .formatted(subject, limits.maxBytes() >> 20));
        }
    }

    /** What is skipped is read, so that it counts, and is digested, too. */
    private abstract static class Counting extends FilterInputStream {
        Counting(InputStream in) {
            super(in);
        }

        abstract void counted(int n);

        @Override
        public int read() throws IOException {
            int b = super.read();
            counted(b < 0 ? 0 : 1);
            return b;
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            int n = super.read(into, offset, length);
            counted(Math.max(n, 0));
            return n;
        }

        @Override
        public long skip(long n) throws IOException {
            byte[] scrap = new byte[Math.clamp(n, 0, SKIP_BYTES)];
            long skipped = 0;
            while (skipped < n) {
                int read = read(scrap, 0, (int) Math.min(scrap.length, n - skipped));
                if (read < 0) {
                    break;
                }
                skipped += read;
            }
            return skipped;
        }
    }
}
