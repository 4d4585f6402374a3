package hako.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import hako.base.HakoException;
import hako.linux.Fd;
import hako.linux.Link;
import hako.linux.Netlink;
import hako.linux.NetworkNamespace;
import hako.linux.Route;
import hako.linux.Tap;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A host where taps are made, and a namespace with an eth0 that leads there; both are network namespaces. */
@Timeout(10)
class NamespaceNetworkTest {
    private static final String ONE = "1111111111aa";
    private static final String OTHER = "2222222222bb";

    private final Fd host = NetworkNamespace.create();
    private final Fd wired = NetworkNamespace.create();

    @BeforeEach
    void wire() {
        in(host, netlink -> {
            netlink.addVeth("cable", "eth0");
            netlink.change("eth0").namespace(wired).apply();
            netlink.change("cable").up().apply();
        });
        in(wired, netlink -> netlink.change("eth0").up().apply());
    }

    @AfterEach
    void close() {
        wired.close();
        host.close();
    }

    @Test
    void onlyRoutesThatTheAddressBringsAreLeftOut() {
        in(wired, netlink -> {
            Link eth0 = netlink.require("eth0");
            netlink.addAddress(eth0, InetAddress.ofLiteral("10.1.2.3"), 32);
            netlink.addAddress(eth0, InetAddress.ofLiteral("192.0.2.9"), 28);
            netlink.addRoute(route("169.254.77.7", 32, Optional.empty(), eth0));
            netlink.addRoute(route("198.51.100.0", 28, Optional.empty(), eth0));
            netlink.addRoute(route("0", 0, Optional.of("169.254.77.7"), eth0));
        });

        NamespaceLink link = NamespaceNetwork.links(wired, ONE).getFirst();

        assertThat(link.addresses()).containsExactlyInAnyOrder("10.1.2.3/32", "192.0.2.9/28");
        assertThat(link.routes().subList(0, 2))
                .containsExactlyInAnyOrder(
                        new NamespaceLink.Route("169.254.77.7/32", ""), new NamespaceLink.Route("198.51.100.0/28", ""));
        assertThat(link.routes().subList(2, link.routes().size()))
                .containsExactly(new NamespaceLink.Route("", "169.254.77.7"));
    }

    @Test
    void oneSandboxAfterTheOtherHasTheLinks() {
        join(ONE);
        end(ONE);
        join(OTHER);
        assertThat(isRedirected()).isTrue();
    }

    @Test
    void whatWasJoinedIsKnownToWhoeverAsks() {
        join(ONE);
        NamespaceLink eth0 = eth0();
        assertThat(NamespaceNetwork.joined(wired, ONE))
                .containsExactly(new NamespaceNetwork.Joined(0, eth0.index(), eth0.mac()));
        assertThat(NamespaceNetwork.joined(wired, OTHER)).isEmpty();
    }

    @Test
    void aTapOfWhichNothingIsNotedHasJoinedNothing() {
        join(ONE);
        in(
                wired,
                netlink -> netlink.change(NamespaceNetwork.tap(ONE, 0))
                        .alias("hako1 eth0")
                        .apply());
        assertThat(NamespaceNetwork.joined(wired, ONE)).isEmpty();
    }

    @Test
    void aLinkThatWasAwayIsRedirectedAgain() {
        join(ONE);
        assertThat(eth0().redirected()).isTrue();
        in(wired, netlink -> netlink.change("eth0").namespace(host).apply());
        in(host, netlink -> netlink.change("eth0").namespace(wired).apply());
        assertThat(eth0().redirected()).isFalse();
        in(wired, netlink -> netlink.change("eth0").mtu(1300).up().apply());
        NamespaceNetwork.adjust(wired, ONE, 0, eth0());
        assertThat(eth0().redirected()).isTrue();
        in(
                wired,
                netlink -> assertThat(
                                netlink.require(NamespaceNetwork.tap(ONE, 0)).mtu())
                        .isEqualTo(1300));
    }

    @Test
    void aLinkThatIsDownIsToldSo() {
        in(wired, netlink -> netlink.change("eth0").down().apply());
        assertThat(eth0().up()).isFalse();
    }

    @Test
    void twoSandboxesAtATimeAreRefused() throws IOException {
        NamespaceLink eth0 = NamespaceNetwork.links(wired, ONE).getFirst();
        join(ONE);
        assertThatThrownBy(() -> NamespaceNetwork.links(wired, OTHER))
                .isInstanceOfSatisfying(
                        HakoException.class, e -> assertThat(e.code()).isEqualTo(HakoException.Code.WRONG_STATE))
                .hasMessageContaining(NamespaceNetwork.tap(ONE, 0));
        assertThatThrownBy(() -> join(OTHER, eth0)).hasMessageContaining(NamespaceNetwork.tap(ONE, 0));
        assertThat(isRedirected()).as("the first goes on").isTrue();
    }

    @Test
    void whoeverWiredItHasItsLinksBackInTheEnd() throws IOException {
        WiredNamespace name = WiredNamespace.of(wired.path());
        join(ONE);
        NamespaceNetwork.part(name, OTHER);
        assertThat(isRedirected()).as("not another's to take back").isTrue();
        end(ONE);
        NamespaceNetwork.part(name, ONE);
        assertThat(isRedirected()).isFalse();
    }

    @Test
    void aNamespaceThatIsGoneIsLeftAlone() throws IOException {
        WiredNamespace name = WiredNamespace.of(wired.path());
        assertThat(new WiredNamespace(name.path(), name.inode() + 1).open()).isEmpty();
        NamespaceNetwork.part(new WiredNamespace("/none", 1), ONE);
        NamespaceNetwork.part(new WiredNamespace(Path.of("/etc/hosts").toString(), 1), ONE);
    }

    private NamespaceLink eth0() {
        return NamespaceNetwork.links(wired, ONE).getFirst();
    }

    private void join(String sandbox) {
        join(sandbox, NamespaceNetwork.links(wired, sandbox).getFirst());
    }

    private void join(String sandbox, NamespaceLink link) {
        NetworkNamespace.run(host, () -> {
            String tap = NamespaceNetwork.tap(sandbox, 0);
            Tap.create(tap, 0);
            NamespaceNetwork.join(wired, sandbox, 0, link.mac(), link);
            return null;
        });
    }

    /** As when its VMM closes the tap. */
    private void end(String sandbox) {
        in(wired, netlink -> netlink.deleteLink(NamespaceNetwork.tap(sandbox, 0)));
    }

    /** Takes the redirect away to see whether it was there. */
    private boolean isRedirected() {
        return NetworkNamespace.run(wired, () -> {
            try (Netlink netlink = Netlink.open()) {
                Link eth0 = netlink.require("eth0");
                boolean there = netlink.endRedirect(eth0);
                if (there) {
                    netlink.redirect(eth0, eth0);
                }
                return there;
            }
        });
    }

    private static Route route(String destination, int prefix, Optional<String> gateway, Link link) {
        return new Route(InetAddress.ofLiteral(destination), prefix, gateway.map(InetAddress::ofLiteral), link.index());
    }

    @FunctionalInterface
    private interface Work {
        void with(Netlink netlink);
    }

    private static void in(Fd namespace, Work work) {
        NetworkNamespace.run(namespace, () -> {
            try (Netlink netlink = Netlink.open()) {
                work.with(netlink);
                return null;
            }
        });
    }
}
