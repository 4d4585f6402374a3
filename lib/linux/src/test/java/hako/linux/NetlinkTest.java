package hako.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.DatagramPacket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Each test has a network namespace of its own. */
@Timeout(10)
class NetlinkTest {
    private static final Duration PATIENCE = Duration.ofSeconds(5);

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

    /** From one namespace through this one, which has the address as well, to where its frames are taken. */
    @Test
    void whatASocketWaitsForIsNotRedirected() throws Exception {
        Fd outside = NetworkNamespace.create();
        try (outside;
                DatagramChannel far = NetworkNamespace.run(outside, () -> {
                    try (Netlink netlink = Netlink.open()) {
                        netlink.addVeth("far", "near");
                        netlink.addAddress(netlink.require("far"), InetAddress.ofLiteral("10.1.1.1"), 24);
                        netlink.change("far").up().apply();
                        netlink.change("near").namespace(namespace).apply();
                    }
                    return DatagramChannel.open(StandardProtocolFamily.INET)
                            .bind(new InetSocketAddress("10.1.1.1", 5353));
                })) {
            in(netlink -> {
                // frames of nobody's else than this test's
                Files.writeString(Path.of("/proc/sys/net/ipv6/conf/default/disable_ipv6"), "1");
                netlink.addVeth("left", "right");
                netlink.change("left").up().apply();
                netlink.change("right").up().apply();
                netlink.addAddress(netlink.require("near"), InetAddress.ofLiteral("10.1.1.2"), 24);
                netlink.change("near").up().apply();
                netlink.redirectUnclaimed(netlink.require("near"), netlink.require("left"));
                return null;
            });
            try (DatagramChannel ours =
                    NetworkNamespace.run(namespace, () -> DatagramChannel.open(StandardProtocolFamily.INET))) {
                ours.connect(new InetSocketAddress("10.1.1.1", 5353));
                ours.write(ByteBuffer.wrap(new byte[] {1}));
                far.socket().setSoTimeout(5000);
                DatagramPacket packet = new DatagramPacket(new byte[9], 9);
                far.socket().receive(packet);
                far.send(ByteBuffer.wrap(new byte[] {2}), packet.getSocketAddress());
                ours.socket().setSoTimeout(5000);
                ours.socket().receive(packet);
                assertThat(packet.getData()[0]).isEqualTo((byte) 2);
                long before = received("right");
                far.send(ByteBuffer.wrap(new byte[] {3}), new InetSocketAddress("10.1.1.2", 9));
                while (received("right") == before) {
                    Thread.sleep(1);
                }
            }
        }
    }

    private long received(String link) throws Exception {
        return NetworkNamespace.run(
                namespace,
                () -> Files.readAllLines(Path.of("/proc/thread-self/net/dev")).stream()
                        .filter(line -> line.strip().startsWith(link + ":"))
                        .map(line -> line.strip().split("\\s+")[2])
                        .mapToLong(Long::parseLong)
                        .findFirst()
                        .orElseThrow());
    }

    @Test
    void redirectsAreListed() throws Exception {
        in(netlink -> {
            netlink.addVeth("left", "right");
            Link from = netlink.require("right");
            assertThat(netlink.redirected()).isEmpty();
            netlink.redirect(from, netlink.require("left"));
            assertThat(netlink.redirected()).containsExactly(from.index());
            netlink.endRedirect(from);
            assertThat(netlink.redirected()).isEmpty();
            return null;
        });
    }

    @Test
    void changesAreHeardOfFromOutside() throws Exception {
        try (NetlinkMonitor monitor = NetworkNamespace.run(namespace, NetlinkMonitor::open)) {
            assertThat(monitor.await(Duration.ofMillis(1))).isFalse();
            in(netlink -> {
                netlink.addVeth("left", "right");
                return null;
            });
            assertThat(monitor.await(PATIENCE)).isTrue();
            monitor.drain();
            in(netlink -> {
                netlink.addAddress(netlink.require("left"), InetAddress.ofLiteral("10.1.1.1"), 24);
                return null;
            });
            assertThat(monitor.await(PATIENCE)).as("an address").isTrue();
            monitor.drain();
            assertThat(monitor.await(Duration.ofMillis(1))).isFalse();
        }
    }

    @Test
    void moreChangesThanAreKeptAreOneChange() throws Exception {
        try (NetlinkMonitor monitor = NetworkNamespace.run(namespace, NetlinkMonitor::open)) {
            in(netlink -> {
                netlink.addVeth("left", "right");
                for (int i = 0; i < 2000; i++) {
                    netlink.change("left").mtu(1000 + i % 100).apply();
                }
                return null;
            });
            assertThat(monitor.await(PATIENCE)).isTrue();
            monitor.drain();
            assertThat(monitor.await(Duration.ofMillis(1))).isFalse();
        }
    }

    @Test
    void whoWaitsForAChangeIsWokenByTheEnd() throws Exception {
        NetlinkMonitor monitor = NetworkNamespace.run(namespace, NetlinkMonitor::open);
        Thread.ofVirtual().start(monitor::close);
        assertThatThrownBy(() -> {
                    while (!monitor.await(PATIENCE)) {
                        continue;
                    }
                })
                .isInstanceOfSatisfying(
                        LinuxException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EBADF));
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
