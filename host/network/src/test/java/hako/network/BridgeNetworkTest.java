package hako.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import hako.base.HakoException;
import hako.linux.Fd;
import hako.linux.Link;
import hako.linux.Netlink;
import hako.linux.Tap;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(20)
class BridgeNetworkTest {
    private static final String BRIDGE = "hktest0";

    @TempDir
    Path dir;

    private final Lab lab = new Lab();
    /** Started anew by tests that kill it. */
    private BridgeNetwork network;

    @BeforeEach
    void start() {
        network = daemon("a", "10.88.99.0/24");
    }

    @AfterEach
    void stop() throws Exception {
        network.close();
        lab.close();
    }

    @Test
    void anEndpointHasATapOnTheBridgeAndAllTheGuestNeeds() {
        Endpoint endpoint = attach("0123456789abcdef");

        assertThat(endpoint.tap()).isEqualTo("hk0123456789ab");
        assertThat(endpoint.address()).isEqualTo("10.88.99.2/24");
        assertThat(endpoint.gateway()).isEqualTo("10.88.99.1");
        assertThat(endpoint.mac()).isEqualTo("02:68:0a:58:63:02");
        assertThat(endpoint.mtu()).isEqualTo(1400);
        assertThat(endpoint.dns()).isNotEmpty();
        Link tap = link(endpoint.tap()).orElseThrow();
        assertThat(tap.up()).isTrue();
        assertThat(tap.mtu()).isEqualTo(1400);
        assertThat(tap.masterIndex()).isEqualTo(link(BRIDGE).orElseThrow().index());
    }

    @Test
    void theHostSaysNothingForItselfToAGuest() throws Exception {
        Endpoint endpoint = attach("0123456789abcdef");

        Path setting = Path.of("/proc/sys/net/ipv6/conf", endpoint.tap(), "disable_ipv6");
        assertThat(Lab.in(lab.host, () -> Files.readString(setting).strip())).isEqualTo("1");
    }

    @Test
    void containersReachTheOutsideWithTheHostsAddressAndEachOtherWithTheirOwn() throws Exception {
        Endpoint a = attach("a");
        Endpoint b = attach("b");
        Fd containerA = lab.container(a, BRIDGE);
        Fd containerB = lab.container(b, BRIDGE);
        lab.serve(lab.outside, "outside", 80);
        lab.serve(containerB, "b", 80);

        assertThat(Lab.call(containerA, Lab.OUTSIDE, 80)).isEqualTo("outside to " + Lab.HOST);
        assertThat(Lab.call(containerA, b.ip(), 80)).isEqualTo("b to " + a.ip());
    }

    @Test
    void aPublishedPortIsReachedFromEverywhere() throws Exception {
        Endpoint a = attach("a", "8080:80", "5353:53/udp", "127.0.0.1:9090:80");
        Endpoint b = attach("b");
        Fd containerA = lab.container(a, BRIDGE);
        Fd containerB = lab.container(b, BRIDGE);
        lab.serve(containerA, "a", 80);
        lab.serveUdp(containerA, "udp", 53);

        assertThat(Lab.call(lab.outside, Lab.HOST, 8080)).as("outside").isEqualTo("a to " + Lab.OUTSIDE);
        assertThat(Lab.call(lab.host, "127.0.0.1", 8080)).as("localhost").isEqualTo("a to " + a.gateway());
        assertThat(Lab.call(lab.host, Lab.HOST, 8080))
                .as("the host, by its name")
                .startsWith("a to ");
        assertThat(Lab.call(containerB, Lab.HOST, 8080)).as("a neighbour").startsWith("a to ");
        assertThat(Lab.call(containerB, b.gateway(), 8080)).as("by the gateway").startsWith("a to ");
        assertThat(Lab.call(containerA, Lab.HOST, 8080)).as("itself").startsWith("a to ");
        assertThat(Lab.callUdp(lab.outside, Lab.HOST, 5353)).isEqualTo("udp to " + Lab.OUTSIDE);
        assertThat(Lab.callUdp(lab.host, "127.0.0.1", 5353)).startsWith("udp to ");

        assertThat(Lab.call(lab.host, "127.0.0.1", 9090)).as("on one address").startsWith("a to ");
        assertThatThrownBy(() -> Lab.call(lab.outside, Lab.HOST, 9090))
                .rootCause()
                .hasMessageContaining("refused");
    }

    @Test
    void whatIsNotPublishedIsNotReachedFromOutsideEvenByARoute() throws Exception {
        Endpoint a = attach("a");
        lab.serve(lab.container(a, BRIDGE), "a", 80);
        Lab.in(lab.outside, () -> {
            try (Netlink netlink = Netlink.open()) {
                netlink.addRoute(new hako.linux.Route(
                        InetAddress.ofLiteral("10.88.99.0"), 24, Optional.of(InetAddress.ofLiteral(Lab.HOST)), 0));
                return null;
            }
        });
        assertThat(Lab.call(lab.host, a.ip(), 80)).as("the host itself may").startsWith("a to ");
        assertThatThrownBy(() -> Lab.call(lab.outside, a.ip(), 80)).rootCause().hasMessageContaining("timed out");
    }

    @Test
    void detachGivesEverythingBackAndMayBeRepeated() throws Exception {
        Endpoint a = attach("a", "8080:80");
        lab.serve(lab.container(a, BRIDGE), "a", 80);
        assertThat(Lab.call(lab.outside, Lab.HOST, 8080)).startsWith("a to ");

        detach(a);
        detach(a);

        assertThat(link(a.tap())).isEmpty();
        assertThatThrownBy(() -> Lab.call(lab.outside, Lab.HOST, 8080))
                .rootCause()
                .hasMessageContaining("refused");
        assertThat(attach("b", "8080:80").ip())
                .as("an address just freed rests")
                .isEqualTo("10.88.99.3");
    }

    @Test
    void aPortInUseNamesItsUserAndLeavesNothing() throws Exception {
        attach("a", "8080:80");
        lab.serve(lab.host, "other", 9090);
        assertThatThrownBy(() -> attach("b", "8081:80", "8080:80"))
                .isInstanceOfSatisfying(HakoException.class, e -> {
                    assertThat(e.kind()).isEqualTo(HakoException.Kind.USER);
                    assertThat(e.code()).isEqualTo(HakoException.Code.ALREADY_EXISTS);
                })
                .hasMessage("publish port 8080/tcp: already in use by sandbox a");
        assertThatThrownBy(() -> attach("b", "127.0.0.1:8080:80"))
                .hasMessage("publish port 127.0.0.1:8080/tcp: already in use by sandbox a");
        assertThatThrownBy(() -> attach("b", "9090:80"))
                .hasMessage("publish port 9090/tcp: already in use by java (process "
                        + ProcessHandle.current().pid() + ")");
        assertThatThrownBy(() -> attach("b", "203.0.113.5:80:80"))
                .hasMessage("publish port 203.0.113.5:80/tcp: the host has no address 203.0.113.5");
        assertThat(taps()).hasSize(1);
        assertThat(attach("b", "8081:80").ports()).hasSize(1);
    }

    @Test
    void aPublishedPortIsKeptFromOtherPrograms() {
        attach("a", "8080:80");
        assertThatThrownBy(() -> Lab.in(
                        lab.host,
                        () -> ServerSocketChannel.open(StandardProtocolFamily.INET)
                                .bind(new InetSocketAddress("127.0.0.1", 8080))))
                .rootCause()
                .isInstanceOf(java.net.BindException.class);
    }

    @Test
    void aHostPortLeftToChoiceIsChosen() {
        PortMapping port = attach("a", "80").ports().getFirst();
        assertThat(port.hostPort()).isBetween(1024, 65535);
        assertThat(port.containerPort()).isEqualTo(80);
    }

    @Test
    void afterAKilledDaemonWhatIsUsedWorksAndTheRestIsRemoved() throws Exception {
        Endpoint used = attach("used", "8080:80");
        Endpoint abandoned = attach("abandoned", "8081:80");
        lab.serve(lab.container(used, BRIDGE), "used", 80);
        Lab.in(lab.host, () -> {
            Tap.create("hk0123456789ab", 0);
            Tap.create("hkother", 0);
            return null;
        });
        network.close();

        network = daemon("a", "10.88.99.0/24");
        reconcile(List.of(used));

        assertThat(Lab.call(lab.outside, Lab.HOST, 8080)).startsWith("used to ");
        assertThat(link(abandoned.tap())).isEmpty();
        assertThat(taps())
                .as("a half-made one is gone, a stranger's stays")
                .containsExactlyInAnyOrder("hkother", used.tap());
        assertThatThrownBy(() -> Lab.call(lab.outside, Lab.HOST, 8081))
                .rootCause()
                .hasMessageContaining("refused");
        assertThat(attach("next").ip()).isNotEqualTo(used.ip());
        assertThatThrownBy(() -> attach("more", "8080:80")).hasMessageContaining("already in use by sandbox used");
    }

    @Test
    void rulesThatSomebodyFlushedComeBackWithTheNextAttach() throws Exception {
        Endpoint a = attach("a", "8080:80");
        lab.serve(lab.container(a, BRIDGE), "a", 80);
        Lab.in(lab.host, () -> Command.find("nft").orElseThrow().run("flush ruleset"));
        assertThatThrownBy(() -> Lab.call(lab.outside, Lab.HOST, 8080))
                .rootCause()
                .hasMessageContaining("refused");
        attach("b");
        assertThat(Lab.call(lab.outside, Lab.HOST, 8080)).startsWith("a to ");
    }

    @Test
    void containersReachTheOutsideWhereDockerForbidsForwarding() throws Exception {
        Lab.in(lab.host, () -> Command.find("iptables").orElseThrow().run("-P", "FORWARD", "DROP"));
        Endpoint a = attach("a", "8080:80");
        Fd container = lab.container(a, BRIDGE);
        lab.serve(lab.outside, "outside", 80);
        lab.serve(container, "a", 80);
        assertThat(Lab.call(container, Lab.OUTSIDE, 80)).isEqualTo("outside to " + Lab.HOST);
        assertThat(Lab.call(lab.outside, Lab.HOST, 8080)).startsWith("a to ");
    }

    @Test
    void twoDaemonsShareABridgeAndLeaveEachOtherAlone() {
        try (BridgeNetwork other = daemon("b", "10.88.99.0/24")) {
            Endpoint a = attach("a", "8080:80");
            Endpoint b = Lab.in(lab.host, () -> other.attach("b", List.of(PortMapping.parse("9090:80"))));
            assertThat(b.address()).isNotEqualTo(a.address());
            Lab.in(lab.host, () -> {
                other.reconcile(List.of());
                return null;
            });
            assertThat(taps()).containsExactly(a.tap());
            Lab.in(lab.host, () -> {
                Firewall rules = new Firewall(config("10.88.99.0/24"));
                assertThat(rules.published())
                        .extracting(r -> r.port().hostPort())
                        .containsExactly(8080);
                assertThat(network.remove()).isFalse();
                network.detach(a);
                assertThat(other.remove()).isTrue();
                assertThat(rules.stands()).isFalse();
                return null;
            });
            assertThat(link(BRIDGE)).isEmpty();
        }
    }

    @Test
    void aSubnetTheHostHasARouteToIsRefused() {
        BridgeNetwork colliding = daemon("c", "192.0.2.128/25");
        assertThatThrownBy(() -> Lab.in(lab.host, () -> colliding.attach("a", List.of())))
                .hasMessage("set up network " + BRIDGE
                        + ": its subnet 192.0.2.128/25 overlaps the host's route 192.0.2.0/24 on uplink; "
                        + "choose another network.subnet");
        assertThat(link(BRIDGE)).isEmpty();
    }

    @Test
    void whenAllAddressesAreUsedItSaysSo() {
        BridgeNetwork tiny = daemon("d", "10.88.98.0/30");
        Endpoint only = Lab.in(lab.host, () -> tiny.attach("a", List.of()));
        assertThatThrownBy(() -> Lab.in(lab.host, () -> tiny.attach("b", List.of())))
                .isInstanceOfSatisfying(
                        HakoException.class, e -> assertThat(e.code()).isEqualTo(HakoException.Code.NO_SPACE));
        Lab.in(lab.host, () -> {
            tiny.detach(only);
            return null;
        });
        assertThat(Lab.in(lab.host, () -> tiny.attach("b", List.of())).ip()).isEqualTo(only.ip());
    }

    @Test
    void aChangedSubnetMovesABridgeThatNobodyUses() {
        detach(attach("a"));
        BridgeNetwork changed = daemon("a", "10.88.97.0/24");
        assertThat(Lab.in(lab.host, () -> changed.attach("b", List.of())).ip()).isEqualTo("10.88.97.2");
        assertThatThrownBy(() -> attach("c")).hasMessageContaining("is in use; choose another network.bridge");
    }

    @Test
    void anAttachWithoutPortsTakesAFewMilliseconds() {
        attach("warm");
        long best = Long.MAX_VALUE;
        for (int i = 0; i < 20; i++) {
            String id = "s" + i;
            long start = System.nanoTime();
            Endpoint endpoint = Lab.in(lab.host, () -> network.attach(id, List.of()));
            best = Math.min(best, System.nanoTime() - start);
            detach(endpoint);
        }
        assertThat(best / 1_000_000).as("milliseconds").isLessThan(10);
    }

    private NetworkConfig config(String subnet) {
        return NetworkConfig.of(BRIDGE, subnet, 1400).withLockDirectory(dir);
    }

    private BridgeNetwork daemon(String name, String subnet) {
        return new BridgeNetwork(config(subnet), dir.resolve(name));
    }

    private Endpoint attach(String id, String... ports) {
        return Lab.in(
                lab.host,
                () -> network.attach(
                        id, List.of(ports).stream().map(PortMapping::parse).toList()));
    }

    private void detach(Endpoint endpoint) {
        Lab.in(lab.host, () -> {
            network.detach(endpoint);
            return null;
        });
    }

    private void reconcile(List<Endpoint> used) {
        Lab.in(lab.host, () -> {
            network.reconcile(used);
            return null;
        });
    }

    private Optional<Link> link(String name) {
        return Lab.in(lab.host, () -> {
            try (Netlink netlink = Netlink.open()) {
                return netlink.link(name);
            }
        });
    }

    private List<String> taps() {
        return Lab.in(lab.host, () -> {
            try (Netlink netlink = Netlink.open()) {
                return netlink.links().stream()
                        .filter(l -> l.kind().equals("tun"))
                        .map(Link::name)
                        .sorted()
                        .toList();
            }
        });
    }
}
