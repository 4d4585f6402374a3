package hako.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import hako.agent.v1.GuestDevice;
import hako.linux.HostDevice;
import hako.spec.LinuxResources.DeviceRule;
import hako.spec.LinuxSpec;
import hako.spec.RuntimeSpec;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Block devices, which this host may not have, are in {@code DevicesTest}. */
class HostDevicesTest {
    private static final String NOTHING = "{\"allow\": false, \"access\": \"rwm\"}";
    private static final String EVERYTHING = "{\"allow\": true, \"access\": \"rwm\"}";

    private static RuntimeSpec spec(String rule, String... devices) {
        return RuntimeSpec.fromJson("{\"linux\": {\"resources\": {\"devices\": [%s]}, \"devices\": [%s]}}"
                .formatted(rule, String.join(", ", devices))
                .getBytes());
    }

    private static String device(String path, String type, long major, long minor) {
        return "{\"path\": \"%s\", \"type\": \"%s\", \"major\": %d, \"minor\": %d}".formatted(path, type, major, minor);
    }

    private static List<String> paths(RuntimeSpec spec) {
        return spec.linux().devices().stream().map(LinuxSpec.Device::path).toList();
    }

    @Test
    void aCharacterDeviceIsToldByTheNameItHasOnTheHost() {
        RuntimeSpec spec = spec(NOTHING, device("/dev/nothing", "c", 1, 3), device("/dev/pipe", "p", 0, 0));
        HostDevices devices = HostDevices.of(spec);
        assertThat(devices.told())
                .containsExactly(GuestDevice.newBuilder()
                        .setPath("/dev/nothing")
                        .setName("null")
                        .build());
        assertThat(devices.disks()).isEmpty();
        assertThat(paths(devices.in(spec))).containsExactly("/dev/nothing", "/dev/pipe");
    }

    @Test
    void whatAPrivilegedContainerDidNotAskForIsOptional() {
        RuntimeSpec spec = spec(EVERYTHING, device("/dev/null", "c", 1, 3), device("/dev/zero2", "c", 1, 5));
        HostDevices devices = HostDevices.of(spec);
        assertThat(devices.told()).extracting(GuestDevice::getName).containsExactly("null", "zero");
        assertThat(devices.told()).extracting(GuestDevice::getOptional).containsExactly(true, false);
        assertThat(paths(devices.in(spec))).containsExactly("/dev/null", "/dev/zero2");
    }

    @Test
    void whatTheHostHasNotIsANodeAndWhatIsNoNumberRefused() {
        RuntimeSpec gone = spec(NOTHING, device("/dev/x", "b", 4095, 77), device("/dev/y", "c", 4095, 77));
        assertThat(HostDevices.of(gone).told()).isEmpty();
        assertThat(HostDevices.of(gone).disks()).isEmpty();
        assertThat(paths(HostDevices.of(gone).in(gone))).containsExactly("/dev/x", "/dev/y");
        assertThatThrownBy(() -> HostDevices.of(spec(NOTHING, device("/dev/x", "c", -1, 77))))
                .hasMessage("device /dev/x: -1 is no number of a device");
        assertThatThrownBy(() -> HostDevices.of(spec(NOTHING, device("/dev/x", "b", 8, 1L << 40))))
                .hasMessageContaining("is no number of a device");
    }

    @Test
    void theRulesTellWhetherADiskIsWritten() {
        HostDevice disk = new HostDevice(true, 8, 16);
        DeviceRule none = new DeviceRule(false, "a", null, null, null);
        DeviceRule all = new DeviceRule(true, null, null, null, null);
        assertThat(HostDevices.mayWrite(List.of(), disk)).isFalse();
        assertThat(HostDevices.mayWrite(List.of(none, rule(true, 8L, 16L, "r")), disk))
                .isFalse();
        assertThat(HostDevices.mayWrite(List.of(none, rule(true, 8L, 16L, "rw")), disk))
                .isTrue();
        assertThat(HostDevices.mayWrite(List.of(none, rule(true, 8L, -1L, "w")), disk))
                .isTrue();
        assertThat(HostDevices.mayWrite(List.of(none, rule(true, 8L, 17L, "w")), disk))
                .isFalse();
        assertThat(HostDevices.mayWrite(List.of(all, rule(false, 8L, null, "w")), disk))
                .isFalse();
        assertThat(HostDevices.mayWrite(List.of(rule(true, 8L, 16L, "rw"), none), disk))
                .isFalse();
    }

    private static DeviceRule rule(boolean allow, Long major, Long minor, String access) {
        return new DeviceRule(allow, "b", major, minor, access);
    }
}
