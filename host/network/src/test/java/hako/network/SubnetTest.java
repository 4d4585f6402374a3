package hako.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SubnetTest {
    @Test
    void theFirstAddressIsTheGatewaysAndTheLastNobodys() {
        Subnet subnet = Subnet.parse("10.88.77.0/24");
        assertThat(Subnet.text(subnet.gateway())).isEqualTo("10.88.77.1");
        assertThat(Subnet.text(subnet.first())).isEqualTo("10.88.77.2");
        assertThat(Subnet.text(subnet.last())).isEqualTo("10.88.77.254");
        assertThat(subnet).hasToString("10.88.77.0/24");
    }

    @Test
    void subnetsOverlapWhenOneHoldsTheOther() {
        Subnet subnet = Subnet.parse("172.16.0.0/16");
        assertThat(subnet.overlaps(Subnet.parse("172.16.5.0/24"))).isTrue();
        assertThat(Subnet.parse("172.16.5.0/24").overlaps(subnet)).isTrue();
        assertThat(subnet.overlaps(Subnet.parse("172.17.0.0/16"))).isFalse();
        assertThat(subnet.overlaps(Subnet.parse("192.0.0.0/8"))).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "10.0.0.0", "10.0.0.1/24", "10.0.0.0/31", "10.0.0.0/x", "fd00::/64", "host/24"})
    void whatIsNoIpv4NetworkIsRefused(String text) {
        assertThatThrownBy(() -> Subnet.parse(text)).hasMessageStartingWith("subnet \"" + text + "\": not an IPv4");
    }
}
