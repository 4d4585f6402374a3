package hako.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import hako.spec.LinuxResources;
import java.util.Map;
import org.junit.jupiter.api.Test;

class GuestSpecTest {
    @Test
    void limitsThatNameThingsOfTheHostByNumberStayThere() {
        LinuxResources resources = LinuxResources.fromJson("""
                {"cpu": {"cpus": "0-63", "mems": "0", "quota": 5}, "blockIO": {"weight": 10},
                 "unified": {"io.max": "8:0 rbps=1", "cpuset.cpus": "0-63", "memory.high": "1000000"}}""".getBytes());

        LinuxResources guests = GuestSpec.limits(resources);

        assertThat(guests.unified()).isEqualTo(Map.of("memory.high", "1000000"));
        assertThat(guests.cpu().cpus()).isNull();
        assertThat(guests.cpu().quota()).isEqualTo(5);
        assertThat(guests.blockIO().weight()).isNull();
    }
}
