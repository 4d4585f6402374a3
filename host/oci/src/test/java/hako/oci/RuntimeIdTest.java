package hako.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import hako.sandbox.ContainerId;
import java.util.List;
import org.junit.jupiter.api.Test;

class RuntimeIdTest {
    @Test
    void theSameIdBelowAnotherRootIsAnotherContainer() {
        RuntimeId one = new RuntimeId("/one", "web");
        assertThat(one.containerId()).matches("[0-9a-f]{64}").isEqualTo(new RuntimeId("/one", "web").containerId());
        assertThat(one.containerId()).isNotEqualTo(new RuntimeId("/other", "web").containerId());
        assertThat(new RuntimeId("/a", "b").containerId()).isNotEqualTo(new RuntimeId("/", "ab").containerId());
    }

    @Test
    void theNameIsOneTheNodeTakes() {
        for (String id : List.of("web", "_x", "+a+", "a".repeat(64), "x".repeat(1024), "0.1-2")) {
            assertThat(ContainerId.isValidName(new RuntimeId("/r", id).containerName()))
                    .as(id)
                    .isTrue();
        }
    }

    @Test
    void whatIsNoIdIsRefused() {
        for (String id : List.of("", "a/b", "..", ".", "a b", "ä", "a\n", "x".repeat(1025))) {
            assertThatThrownBy(() -> new RuntimeId("/r", id))
                    .as(id)
                    .hasMessageContaining("invalid container ID format");
        }
    }
}
