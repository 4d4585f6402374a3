package hako.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import hako.base.HakoException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PortMappingTest {
    @Test
    void allFormsOfDockersOptionAreRead() {
        assertThat(PortMapping.parse("8080:80")).isEqualTo(new PortMapping("0.0.0.0", 8080, 80, "tcp"));
        assertThat(PortMapping.parse("53:5353/udp")).isEqualTo(new PortMapping("0.0.0.0", 53, 5353, "udp"));
        assertThat(PortMapping.parse("127.0.0.1:1:2/tcp")).isEqualTo(new PortMapping("127.0.0.1", 1, 2, "tcp"));
        assertThat(PortMapping.parse("80")).isEqualTo(new PortMapping("0.0.0.0", 0, 80, "tcp"));
        assertThat(PortMapping.parse("127.0.0.1::80")).isEqualTo(new PortMapping("127.0.0.1", 0, 80, "tcp"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "''|the container port is a number from 1 to 65535, not \"\"",
                "8080:|the container port is a number from 1 to 65535, not \"\"",
                "0:80|the host port is a number from 1 to 65535, not \"0\"",
                "+1:80|the host port is a number from 1 to 65535, not \"+1\"",
                "8080:65536|the container port is a number from 1 to 65535, not \"65536\"",
                "http:80|the host port is a number from 1 to 65535, not \"http\"",
                "8000-8010:80|ranges are not supported; publish each port",
                "80:80/sctp|the protocol is tcp or udp, not \"sctp\"",
                "localhost:80:80|\"localhost\" is not an IPv4 address",
                "[::1]:80:80|published on IPv4 addresses only"
            })
    void whatIsWrongIsSaid(String text, String fact) {
        assertThatThrownBy(() -> PortMapping.parse(text))
                .isInstanceOfSatisfying(
                        HakoException.class, e -> assertThat(e.code()).isEqualTo(HakoException.Code.INVALID_ARGUMENT))
                .hasMessage("publish port \"" + text + "\": " + fact);
    }
}
