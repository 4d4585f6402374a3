package hako.linux;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class OpenFilesTest {
    private static final String LIMITS = """
            Limit                     Soft Limit           Hard Limit           Units
            Max processes             96597                96597                processes
            Max open files            1024                 %s                files
            Max locked memory         8388608              8388608              bytes
            """;

    @Test
    void theHardLimitCounts() {
        assertThat(OpenFiles.most(LIMITS.formatted("524288"))).isEqualTo(524288);
        assertThat(OpenFiles.most(LIMITS.formatted("unlimited"))).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void thisProcessHasOne() {
        assertThat(OpenFiles.most()).isPositive();
    }
}
