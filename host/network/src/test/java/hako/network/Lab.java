package hako.network;

import hako.linux.Fd;
import hako.linux.Link;
import hako.linux.MacAddress;
import hako.linux.Netlink;
import hako.linux.NetworkNamespace;
import hako.linux.Route;
import java.io.Closeable;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;

/**
 * A host, {@code 192.0.2.1}, and an outside, {@code 192.0.2.2}, connected by a cable, each a network namespace; and
 * containers that are namespaces too, plugged into the bridge by a veth with what their {@link Endpoint} says. Nothing
 * of it is left when it is closed.
 */
final class Lab implements AutoCloseable {
    static final String HOST = "192.0.2.1";
    static final String OUTSIDE = "192.0.2.2";

    final Fd host = NetworkNamespace.create();
    final Fd outside = NetworkNamespace.create();
    private final List<Fd> namespaces = new ArrayList<>(List.of(host, outside));
    private final List<Closeable> servers = new ArrayList<>();
    private int containers;

    Lab() {
        in(host, () -> {
            try (Netlink netlink = Netlink.open()) {
                netlink.change("lo").up().apply();
                netlink.addVeth("uplink", "cable");
                netlink.change("cable").namespace(outside).apply();
                netlink.addAddress(netlink.require("uplink"), InetAddress.ofLiteral(HOST), 24);
                netlink.change("uplink").up().apply();
                return null;
            }
        });
        in(outside, () -> {
            try (Netlink netlink = Netlink.open()) {
                netlink.addAddress(netlink.require("cable"), InetAddress.ofLiteral(OUTSIDE), 24);
                netlink.change("cable").up().apply();
                return null;
            }
        });
    }

    static <T> T in(Fd namespace, Callable<T> work) {
        return NetworkNamespace.run(namespace, work);
    }

    /** The namespace that plays the container of this endpoint. */
    Fd container(Endpoint endpoint, String bridge) {
        Fd container = NetworkNamespace.create();
        namespaces.add(container);
        String port = "port" + containers++;
        in(host, () -> {
            try (Netlink netlink = Netlink.open()) {
                netlink.addVeth(port, "eth0");
                netlink.change("eth0").namespace(container).apply();
                netlink.change(port).master(netlink.require(bridge)).up().apply();
                netlink.change(port).hairpin().apply();
                return null;
            }
        });
        in(container, () -> {
            try (Netlink netlink = Netlink.open()) {
                netlink.change("lo").up().apply();
                Link eth0 = netlink.require("eth0");
                netlink.change(eth0).mac(new MacAddress(endpoint.mac())).up().apply();
                String[] address = endpoint.address().split("/");
                netlink.addAddress(eth0, InetAddress.ofLiteral(address[0]), Integer.parseInt(address[1]));
                netlink.addRoute(new Route(
                        InetAddress.ofLiteral("0.0.0.0"),
                        0,
                        Optional.of(InetAddress.ofLiteral(endpoint.gateway())),
                        0));
                return null;
            }
        });
        return container;
    }

    /** Tells whoever connects {@code name} and the address they come from. */
    void serve(Fd namespace, String name, int port) throws IOException {
        ServerSocketChannel server = in(
                namespace,
                () -> ServerSocketChannel.open(StandardProtocolFamily.INET).bind(new InetSocketAddress(port)));
        servers.add(server);
        Thread.startVirtualThread(() -> {
            while (server.isOpen()) {
                try (SocketChannel peer = server.accept()) {
                    peer.write(answer(name, peer.getRemoteAddress()));
                } catch (IOException e) {
                    // closed
                }
            }
        });
    }

    void serveUdp(Fd namespace, String name, int port) throws IOException {
        DatagramChannel server = in(
                namespace,
                () -> DatagramChannel.open(StandardProtocolFamily.INET).bind(new InetSocketAddress(port)));
        servers.add(server);
        Thread.startVirtualThread(() -> {
            while (server.isOpen()) {
                try {
                    SocketAddress peer = server.receive(ByteBuffer.allocate(10));
                    server.send(answer(name, peer), peer);
                } catch (IOException e) {
                    // closed
                }
            }
        });
    }

    /** What the server at this address tells; an {@link IOException} if there is none within two seconds. */
    static String call(Fd from, String ip, int port) {
        return in(from, () -> {
            try (SocketChannel socket = SocketChannel.open(StandardProtocolFamily.INET)) {
                socket.socket().connect(new InetSocketAddress(ip, port), 2000);
                socket.socket().setSoTimeout(2000);
                return new String(socket.socket().getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            }
        });
    }

    static String callUdp(Fd from, String ip, int port) {
        return in(from, () -> {
            try (DatagramChannel socket = DatagramChannel.open(StandardProtocolFamily.INET)) {
                socket.connect(new InetSocketAddress(ip, port));
                socket.write(ByteBuffer.wrap(new byte[1]));
                ByteBuffer answer = ByteBuffer.allocate(100);
                socket.socket().setSoTimeout(2000);
                DatagramPacket packet = new DatagramPacket(answer.array(), 100);
                socket.socket().receive(packet);
                return new String(answer.array(), 0, packet.getLength(), StandardCharsets.UTF_8);
            }
        });
    }

    private static ByteBuffer answer(String name, SocketAddress peer) {
        String text = name + " to " + ((InetSocketAddress) peer).getAddress().getHostAddress();
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public void close() throws IOException {
        for (Closeable server : servers) {
            server.close();
        }
        namespaces.forEach(Fd::close);
    }
}
