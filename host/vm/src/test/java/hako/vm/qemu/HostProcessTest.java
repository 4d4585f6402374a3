package hako.vm.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import hako.linux.Spawn;
import hako.linux.Spawned;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class HostProcessTest {
    @Test
    void oneThatHasBeenAwaitedHoldsNoDescriptor() throws Exception {
        Spawned started = Spawn.start(List.of("/bin/sh", "-c", "exit 3"), Map.of(), Path.of("/"), Map.of(), true);
        HostProcess process = HostProcess.Child.of(started);

        assertThat(process.await()).hasValue(3);
        assertThat(started.pidfd().isOpen()).isFalse();

        process.kill();
        assertThat(process.await()).as("the same again").hasValue(3);
    }
}
