package hako.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SizingTest {
    private static final long MIB = 1L << 20;

    @Test
    void vcpusAreTheQuotaInPeriodsRoundedUp() {
        assertThat(Sizing.of(150_000, 100_000, 0, 1, 512 * MIB, 8).vcpus()).isEqualTo(2);
        assertThat(Sizing.of(100_000, 100_000, 0, 1, 512 * MIB, 8).vcpus()).isEqualTo(1);
        assertThat(Sizing.of(1_000, 100_000, 0, 1, 512 * MIB, 8).vcpus()).isEqualTo(1);
        assertThat(Sizing.of(50_000, 0, 0, 1, 512 * MIB, 8).vcpus()).isEqualTo(1);
    }

    @Test
    void withoutAQuotaTheDefaultCounts() {
        assertThat(Sizing.of(-1, 100_000, 0, 3, 512 * MIB, 8).vcpus()).isEqualTo(3);
    }

    @Test
    void noMoreVcpusThanTheHostHas() {
        assertThat(Sizing.of(6_400_000, 100_000, 0, 1, 512 * MIB, 2).vcpus()).isEqualTo(2);
    }

    @Test
    void theContainersMemoryIsAllItsOwn() {
        assertThat(Sizing.of(0, 0, 512 * MIB, 1, 256 * MIB, 2).memoryBytes())
                .isGreaterThanOrEqualTo(512 * MIB + Sizing.GUEST_BASE_BYTES)
                .isLessThan(640 * MIB);
    }

    @Test
    void aLimitBeyondAnyMemoryIsNone() {
        assertThat(Sizing.of(0, 0, Long.MAX_VALUE - 4095, 1, 256 * MIB, 2))
                .isEqualTo(Sizing.of(0, 0, 0, 1, 256 * MIB, 2));
    }

    @Test
    void aVmIsAWholeNumberOfHugePages() {
        assertThat(Sizing.of(0, 0, 7 * MIB + 4097, 1, 256 * MIB, 2).memoryBytes() % (2 * MIB))
                .isZero();
    }
}
