package hako.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Each test has a network namespace of its own. */
@Timeout(10)
class NetlinkTest {
    private final Fd namespace = NetworkNamespace.create();

    @AfterEach
    void leave() {
        namespace.close();
    }

    @Test
    void aNewNamespaceHasALoopbackThatIsDown() {
        List<Link> links = in(Netlink::links);
        assertThat(links).first().satisfies(link -> {
            assertThat(link.name()).isEqualTo("lo");
            assertThat(link.up()).isFalse();
            assertThat(link.mtu()).isEqualTo(65536);
        });
    }

    @Test
    void aLinkIsRedirectedToOneOther() throws Exception {
        in(netlink -> {
            netlink.addVeth("left", "right");
            netlink.addVeth("here", "there");
            Link from = netlink.require("right");
            netlink.redirect(from, netlink.require("here"));
            assertThatThrownBy(() -> netlink.redirect(from, netlink.require("there")))
                    .isInstanceOfSatisfying(
                            LinuxException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EEXIST))
                    .hasMessageContaining("redirect right to there");
            return null;
        });
    }

    @Test
    void aBridgeWithAPortAnAddressAndARoute() throws Exception {
        InetAddress gateway = InetAddress.ofLiteral("10.11.12.1");
        in(netlink -> {
            netlink.addBridge("br0");
            netlink.addVeth("left", "right");
            Link bridge = netlink.require("br0");
            netlink.change(bridge)
                    .mtu(1400)
                    .mac(new MacAddress("02:00:00:00:00:01"))
                    .up()
                    .apply();
            netlink.change("left").master(bridge).up().apply();
            netlink.change("right").rename("other").apply();
            netlink.addAddress(bridge, gateway, 24);
            netlink.addRoute(new Route(
                    InetAddress.ofLiteral("10.99.0.0"), 16, Optional.of(InetAddress.ofLiteral("10.11.12.7")), 0));

            bridge = netlink.require("br0");
            assertThat(bridge.kind()).isEqualTo("bridge");
            assertThat(bridge.up()).isTrue();
            assertThat(bridge.mtu()).isEqualTo(1400);
            assertThat(bridge.mac()).contains(new MacAddress("02:00:00:00:00:01"));
            Link left = netlink.require("left");
            assertThat(left.kind()).isEqualTo("veth");
            assertThat(left.masterIndex()).isEqualTo(bridge.index());
            assertThat(netlink.link("right")).isEmpty();
            assertThat(netlink.link("other")).isPresent();
            assertThat(netlink.addresses()).contains(new Address(bridge.index(), gateway, 24));
            assertThat(netlink.routes())
                    .contains(
                            new Route(InetAddress.ofLiteral("10.11.12.0"), 24, Optional.empty(), bridge.index()),
                            new Route(
                                    InetAddress.ofLiteral("10.99.0.0"),
                                    16,
                                    Optional.of(InetAddress.ofLiteral("10.11.12.7")),
                                    bridge.index()));

            netlink.change(left).noMaster().down().apply();
            assertThat(netlink.require("left").masterIndex()).isZero();
            assertThat(netlink.deleteLink("left")).isTrue();
            assertThat(netlink.link("other")).as("a veth goes with its peer").isEmpty();
            assertThat(netlink.deleteLink("left")).isFalse();
            return null;
        });
    }

    @Test
    void aLinkMovesToAnotherNamespace() {
        try (Fd other = NetworkNamespace.create()) {
            in(netlink -> {
                netlink.addVeth("here", "there");
                netlink.change("there").namespace(other).apply();
                assertThat(netlink.link("there")).isEmpty();
                return null;
            });
            assertThat(NetworkNamespace.run(other, () -> {
                        try (Netlink netlink = Netlink.open()) {
                            return netlink.link("there");
                        }
                    }))
                    .isPresent();
        }
    }

    @Test
    void aFailureSaysWhatWasTried() {
        assertThatThrownBy(() -> in(netlink -> {
                    netlink.addBridge("br0");
                    netlink.addBridge("br0");
                    return null;
                }))
                .hasMessage("create bridge br0: File exists (EEXIST)");
        assertThatThrownBy(() -> in(netlink -> netlink.require("nope")))
                .hasMessage("find link nope: No such device (ENODEV)");
    }

    @Test
    void moreLinksThanFitInOneReadAreAllListed() {
        in(netlink -> {
            for (int i = 0; i < 100; i++) {
                netlink.addVeth("a" + i, "b" + i);
            }
            assertThat(netlink.links()).hasSizeGreaterThanOrEqualTo(201);
            return null;
        });
    }

    @Test
    void aTapStaysUntilItIsDeletedThoughItIsInUse() {
        NetworkNamespace.run(namespace, () -> {
            Tap.create("hktest", 12345);
            try (Netlink netlink = Netlink.open()) {
                assertThat(netlink.require("hktest").kind()).isEqualTo("tun");
                assertThatThrownBy(() -> Tap.create("hktest", 0))
                        .isInstanceOfSatisfying(
                                LinuxException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EBUSY));
                try (Fd vmm = Tap.open("hktest")) {
                    assertThat(vmm.isOpen()).isTrue();
                    assertThat(Tap.delete("hktest")).isTrue();
                }
                assertThat(netlink.link("hktest")).isEmpty();
                assertThat(Tap.delete("hktest")).isFalse();
            }
            return null;
        });
    }

    @FunctionalInterface
    private interface Work<T> {
        T with(Netlink netlink) throws Exception;
    }

    private <T> T in(Work<T> work) {
        Callable<T> call = () -> {
            try (Netlink netlink = Netlink.open()) {
                return work.with(netlink);
            }
        };
        return NetworkNamespace.run(namespace, call);
    }
}
