package hako.vm.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PciDevicesTest {
    @Test
    void devicesAreFoundOnTheRootBusAndBelowPorts() {
        Object answer = QmpMessage.JSON.fromJson("""
                [{"bus": 0, "devices": [
                  {"slot": 1, "qdev_id": "serial", "id": {"vendor": 6900, "device": 4099}},
                  {"slot": 2, "qdev_id": "dev-eth0", "id": {"vendor": 6900, "device": 4096}},
                  {"slot": 3, "qdev_id": "slot4", "id": {"vendor": 6966, "device": 12},
                   "pci_bridge": {"bus": {"number": 0}, "devices": [
                     {"slot": 0, "qdev_id": "dev-rootfs", "id": {"vendor": 6900, "device": 4162}}]}}]}]""");

        assertThat(PciDevices.list(answer, "dev-"))
                .containsExactly(
                        new PciDevices.Found("eth0", PciDevices.Kind.NIC, ""),
                        new PciDevices.Found("rootfs", PciDevices.Kind.DISK, "slot4"));
    }

    @Test
    void nonsenseHoldsNoDevices() {
        assertThat(PciDevices.list(null, "dev-")).isEmpty();
        assertThat(PciDevices.list(List.of("x", Map.of("devices", 3)), "dev-")).isEmpty();
        assertThat(PciDevices.list(List.of(Map.of("devices", List.of(Map.of("qdev_id", "dev-x")))), "dev-"))
                .isEmpty();
    }
}
