package hako.vm.qemu;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import hako.base.HakoException;
import hako.base.Undo;
import hako.linux.UnixSocket;
import hako.vm.Device;
import hako.vm.VmSpec;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(20)
class DeviceCommandsTest {
    @TempDir
    Path directory;

    @Test
    void aDirectoryIsNotSharedWithACloneOnItsTemplatesMemory() throws Exception {
        UnixSocket.Pair pair = UnixSocket.pair();
        try (FakeQmp qemu = new FakeQmp(pair.left());
                Undo undo = new Undo()) {
            qemu.serve((command, id) -> command.equals("query-memdev")
                    ? "{\"return\": [{\"id\": \"ram\", \"share\": false}], \"id\": \"%s\"}".formatted(id)
                    : "{\"error\": {\"class\": \"GenericError\", \"desc\": \"%s\"}, \"id\": \"%s\"}"
                            .formatted(command, id));
            QmpConnection qmp = QmpConnection.over(pair.right(), "qmp", event -> {}, reason -> reason);
            RunFiles files = RunFiles.of(new VmSpec("it", directory, 1, 64 << 20, List.of(), false));
            DeviceCommands commands = new DeviceCommands(QemuConfig.of(directory, directory), files, qmp);

            assertThatThrownBy(() -> commands.plug(new Device.SharedDirectory("data", directory), "slot", undo))
                    .isInstanceOf(HakoException.class)
                    .hasMessageContaining("it was cloned for a container without volumes");
            qmp.close();
        }
    }
}
