package hako.vm.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import hako.base.HakoException;
import hako.base.HakoException.Code;
import hako.linux.UnixSocket;
import hako.vm.Device;
import hako.vm.VmSpec;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is plugged, and what a guest makes of being asked to let go of it. The monitor is played. */
@Timeout(20)
class QemuDevicesTest {
    private static final Duration MOMENT = Duration.ofMillis(100);
    private static final Device.Disk DISK = new Device.Disk("disk", Path.of("/dev/null"), true);
    private static final String DONE = "{\"return\": {}, \"id\": \"%s\"}";
    private static final String NOT_FOUND =
            "{\"error\": {\"class\": \"DeviceNotFound\", \"desc\": \"\"}, \"id\": \"%s\"}";
    private static final String DELETED = "{\"event\": \"DEVICE_DELETED\", \"data\": {\"device\": \"dev-disk\"}}\r\n";
    private static final String REFUSED =
            "{\"event\": \"DEVICE_UNPLUG_GUEST_ERROR\", \"data\": {\"device\": \"dev-disk\"}}\r\n";

    @TempDir
    Path directory;

    private final BlockingQueue<String> commands = new LinkedBlockingQueue<>();
    private final AtomicReference<String> toDelete = new AtomicReference<>(DONE);
    private final AtomicReference<String> toAdd = new AtomicReference<>(DONE);
    private FakeQmp qemu;
    private QmpConnection qmp;
    private QemuDevices devices;

    @BeforeEach
    void connect() {
        UnixSocket.Pair pair = UnixSocket.pair();
        qemu = new FakeQmp(pair.left());
        qemu.serve((command, id) -> {
            commands.add(command);
            String answer = switch (command) {
                case "device_del" -> toDelete.get();
                case "device_add" -> toAdd.get();
                default -> DONE;
            };
            return answer.formatted(id);
        });
        qmp = QmpConnection.over(pair.right(), "qmp", this::onEvent, reason -> reason);
        RunFiles files = RunFiles.of(new VmSpec("it", directory, 1, 64 << 20, List.of(), false));
        QemuConfig config = QemuConfig.of(directory, directory).withSlots(1);
        devices = new QemuDevices(config, 0, List.of(), files, qmp, MOMENT, _ -> {});
    }

    private void onEvent(QmpMessage.Event event) {
        if (event.name().equals("DEVICE_DELETED")) {
            devices.deleted(event.text("device"));
        } else {
            devices.notDeleted(event.text("device"));
        }
    }

    @AfterEach
    void disconnect() {
        qmp.close();
        qemu.close();
    }

    @Test
    void aDiskThatTheGuestLetsGoOfLateIsGivenBackAllTheSame() throws Exception {
        devices.plug(DISK);
        assertThatThrownBy(() -> devices.unplug("disk"))
                .isInstanceOfSatisfying(
                        HakoException.class, e -> assertThat(e.code()).isEqualTo(Code.TIMEOUT));

        qemu.send(DELETED);

        awaitCommand("blockdev-del");
        devices.plug(DISK); // there is one slot
    }

    @Test
    void aDiskThatTheGuestThrowsOutUnaskedIsGivenBackOnce() throws Exception {
        devices.plug(DISK);

        qemu.send(DELETED.repeat(100));

        awaitCommand("blockdev-del");
        qmp.execute("query-status", Duration.ofSeconds(5)); // all have been read
        devices.plug(DISK);
        assertThat(commands).doesNotContain("blockdev-del");
    }

    @Test
    void whatIsNotThereIsSaidAndWhatIsLeftOfItTakenAway() {
        assertThatThrownBy(() -> devices.unplug("disk"))
                .isInstanceOfSatisfying(
                        HakoException.class, e -> assertThat(e.code()).isEqualTo(Code.NOT_FOUND));
        assertThat(commands).contains("blockdev-del");
    }

    @Test
    void aDiskThatIsThrownOutWhileItIsPluggedIsNotTakenToBeThere() throws Exception {
        toAdd.set(DELETED + DONE);
        devices.plug(DISK);

        awaitCommand("blockdev-del");
        toAdd.set(DONE);
        devices.plug(DISK);
    }

    @Test
    void aDiskThatGoesAsItIsAskedForIsGone() {
        devices.plug(DISK);
        toDelete.set(DELETED + NOT_FOUND);

        devices.unplug("disk");

        assertThat(commands).contains("blockdev-del");
    }

    @Test
    void whatIsPluggedAgainAtOnceStays() {
        toDelete.set(DELETED + DONE);
        for (int i = 0; i < 500; i++) {
            devices.plug(DISK);
            devices.unplug("disk");
        }
        assertThat(commands.stream().filter("blockdev-del"::equals)).hasSize(500);
    }

    @Test
    void aGuestThatRefusesIsAskedAgain() throws Exception {
        devices.plug(DISK);
        toDelete.set(REFUSED + DONE);
        assertThatThrownBy(() -> devices.unplug("disk"))
                .isInstanceOfSatisfying(
                        HakoException.class, e -> assertThat(e.code()).isEqualTo(Code.GUEST));

        toDelete.set(DONE + "\r\n" + DELETED.strip());
        devices.unplug("disk");

        awaitCommand("blockdev-del");
    }

    @Test
    void eventsOfDevicesThatAreNotThereAreNothing() throws Exception {
        qemu.send(DELETED + DELETED.replace("dev-disk", "") + REFUSED);
        qmp.execute("query-status", Duration.ofSeconds(5)); // it has been read
        devices.plug(DISK);
        qemu.send(DELETED.replace("dev-disk", "dev-other") + DELETED.replace("dev-disk", "disk"));

        assertThatThrownBy(() -> devices.plug(DISK)).hasMessageContaining("it has a device of that id");
        assertThat(commands).doesNotContain("blockdev-del");
    }

    private void awaitCommand(String name) throws InterruptedException {
        for (String next = ""; !name.equals(next); ) {
            next = commands.poll(5, TimeUnit.SECONDS);
            assertThat(next).as("waiting for " + name).isNotNull();
        }
    }
}
