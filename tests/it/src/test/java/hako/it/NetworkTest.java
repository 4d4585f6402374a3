package hako.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The bridge network. All traffic stays on the node's own bridge and on loopback. */
@VmTest
class NetworkTest {
    private static final Duration PATIENCE = Duration.ofSeconds(15);
    private static final int TIMEOUT_MS = 5000;

    @RegisterExtension
    static final SharedNode shared = SharedNode.create();

    private final HakoNode node = shared.node();

    @Test
    void aContainerReachesAnother() {
        // Given a server that answers each call with a line
        node.detached("server", "nc", "-ll", "-p", "7000", "-e", "echo", "hello from the server");
        String address = address("server");

        awaitAnswer(address, 7000);

        // When
        Result ping = node.busybox("ping", "-c", "3", "-W", "5", address);
        Result call = node.busybox("sh", "-c", "nc -w 5 " + address + " 7000 </dev/null");

        // Then
        assertThat(ping.ok().out()).contains("3 packets received");
        assertThat(call.ok().out()).isEqualTo("hello from the server\n");
        node.run("rm", "-f", "server").ok();
    }

    @Test
    void aContainerReachesTheHostOnTheBridgeAddress() throws IOException {
        node.busybox("true").ok(); // the bridge is there
        try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getByName(node.gateway()))) {
            Thread.ofVirtual().start(() -> answerOnce(server));

            Result call =
                    node.busybox("sh", "-c", "nc -w 5 " + node.gateway() + " " + server.getLocalPort() + " </dev/null");

            assertThat(call.ok().out()).isEqualTo("hello from the host");
        }
    }

    @Test
    void theHostReachesAContainerByItsAddress() throws IOException {
        node.detached("reached", "nc", "-ll", "-p", "7000", "-e", "echo", "hello");

        assertThat(awaitAnswer(address("reached"), 7000)).isEqualTo("hello\n");
        node.run("rm", "-f", "reached").ok();
    }

    @Test
    void aPublishedTcpPortIsReachedOnLoopbackAndOnTheBridge() throws IOException {
        int port = freePort();
        node.run(
                        "run",
                        "-d",
                        "--name",
                        "web",
                        "-p",
                        port + ":7000",
                        HakoNode.IMAGE,
                        "nc",
                        "-ll",
                        "-p",
                        "7000",
                        "-e",
                        "echo",
                        "published")
                .ok();

        assertThat(awaitAnswer("127.0.0.1", port)).isEqualTo("published\n");
        assertThat(awaitAnswer(node.gateway(), port)).isEqualTo("published\n");
        assertThat(node.run("ps").out()).contains(port + "->7000/tcp");
        node.run("rm", "-f", "web").ok();
        Await.until(
                "the port to close", PATIENCE, () -> answer("127.0.0.1", port).isEmpty());
    }

    @Test
    void aPublishedUdpPortIsReachedOnLoopback() throws IOException {
        int port = freePort();
        Path folder = Temporary.folder("udp");
        CProgram.compile("udp-echo.c", folder, "udp-echo");
        node.run(
                        "run",
                        "-d",
                        "--name",
                        "udp",
                        "-p",
                        port + ":7000/udp",
                        "-v",
                        folder + ":/v",
                        HakoNode.IMAGE,
                        "/v/udp-echo")
                .ok();
        try (DatagramSocket socket = new DatagramSocket(0, InetAddress.getByName("127.0.0.1"))) {
            socket.setSoTimeout(300);
            Await.until("an echo", PATIENCE, () -> echoes(socket, port));
        }
        node.run("rm", "-f", "udp").ok();
        Temporary.delete(folder);
    }

    @Test
    void anAddressForThePublishedPortIsObeyed() throws IOException {
        int port = freePort();
        node.run(
                        "run",
                        "-d",
                        "--name",
                        "local",
                        "-p",
                        "127.0.0.1:" + port + ":7000",
                        HakoNode.IMAGE,
                        "nc",
                        "-ll",
                        "-p",
                        "7000",
                        "-e",
                        "echo",
                        "local")
                .ok();

        assertThat(awaitAnswer("127.0.0.1", port)).isEqualTo("local\n");
        assertThat(answer(node.gateway(), port)).isEmpty();
        node.run("rm", "-f", "local").ok();
    }

    @Test
    void aPortThatIsBoundIsRefusedWithItsNumber() throws IOException {
        try (ServerSocket other = new ServerSocket(0, 5, InetAddress.getByName("0.0.0.0"))) {
            int port = other.getLocalPort();

            Result result = node.run("run", "--rm", "-p", port + ":80", HakoNode.IMAGE, "true")
                    .exits(125);

            assertThat(result.err()).contains(Integer.toString(port));
        }
        node.awaitNoTraces();
    }

    @Test
    void aPortAnotherContainerPublishesIsRefused() throws IOException {
        int port = freePort();
        node.run("run", "-d", "--name", "first", "-p", port + ":80", HakoNode.IMAGE, "sleep", "1000")
                .ok();

        Result result = node.run("run", "--rm", "-p", port + ":80", HakoNode.IMAGE, "true")
                .exits(125);

        assertThat(result.err()).contains(Integer.toString(port));
        node.run("rm", "-f", "first").ok();
    }

    @Test
    void withoutANetworkThereIsLoopbackOnly() {
        Result result = node.run("run", "--rm", "--network", "none", HakoNode.IMAGE, "ls", "/sys/class/net")
                .ok();

        assertThat(result.lines()).containsExactly("lo");
    }

    @Test
    void loopbackWorks() {
        node.busybox("ping", "-c", "1", "-W", "5", "127.0.0.1").ok();
        node.run("run", "--rm", "--network", "none", HakoNode.IMAGE, "ping", "-c", "1", "-W", "5", "127.0.0.1")
                .ok();
    }

    @Test
    void theContainerKnowsItsNameItsHostsAndItsResolvers() {
        Result result = node.run(
                        "run",
                        "--rm",
                        "--hostname",
                        "anvil",
                        HakoNode.IMAGE,
                        "sh",
                        "-c",
                        "cat /etc/hosts /etc/hostname /etc/resolv.conf; ip -4 -o addr show eth0; ip route")
                .ok();

        assertThat(result.out())
                .containsPattern("127\\.0\\.0\\.1\\s+localhost")
                .containsPattern(node.subnet() + "\\d+\\s+anvil")
                .contains("default via " + node.gateway());
        assertThat(result.lines()).contains("anvil").anyMatch(line -> line.startsWith("nameserver "));
        assertThat(result.out()).doesNotContain("nameserver 127.");
    }

    @Test
    void dnsServersOfTheConfigurationAreTheContainers() {
        try (HakoNode other = HakoNode.create("network.dns = [\"192.0.2.53\"]")) {
            other.withBusybox();
            assertThat(other.busybox("cat", "/etc/resolv.conf").ok().out()).contains("nameserver 192.0.2.53");
        }
    }

    @Test
    void anUnknownNetworkIsRefused() {
        Result result = node.run("run", "--rm", "--network", "no-such", HakoNode.IMAGE, "true")
                .exits(125);

        assertThat(result.err()).contains("no-such");
    }

    @Test
    void bigTransfersArriveWhole() {
        node.detached("sender", "nc", "-ll", "-p", "7000", "-e", "head", "-c", "30000000", "/dev/zero");
        String receive = "nc -w 5 %s 7000 </dev/null | wc -c".formatted(address("sender"));

        Await.until(
                "the server", PATIENCE, () -> !answer(address("sender"), 7000).isEmpty());
        Result result = node.busybox("sh", "-c", receive);

        assertThat(result.ok().out().strip()).isEqualTo("30000000");
        node.run("rm", "-f", "sender").ok();
    }

    private String address(String name) {
        return node.inspect(name).at("NetworkSettings.IPAddress").text();
    }

    private static void answerOnce(ServerSocket server) {
        try (Socket socket = server.accept()) {
            socket.getOutputStream().write("hello from the host".getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            // the test sees that nothing came
        }
    }

    private static String awaitAnswer(String host, int port) {
        String[] last = {""};
        Await.until("an answer of " + host + ":" + port, PATIENCE, () -> {
            last[0] = answer(host, port);
            return !last[0].isEmpty();
        });
        return last[0];
    }

    /** What the server says until it hangs up; empty when there is none. */
    private static String answer(String host, int port) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(host, port), TIMEOUT_MS);
            socket.setSoTimeout(TIMEOUT_MS);
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            return "";
        }
    }

    private static boolean echoes(DatagramSocket socket, int port) {
        byte[] word = "echo".getBytes(StandardCharsets.UTF_8);
        try {
            socket.send(new DatagramPacket(word, word.length, InetAddress.getByName("127.0.0.1"), port));
            DatagramPacket answer = new DatagramPacket(new byte[64], 64);
            socket.receive(answer);
            return new String(answer.getData(), 0, answer.getLength(), StandardCharsets.UTF_8).equals("echo");
        } catch (IOException e) {
            return false;
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket any = new ServerSocket(0)) {
            return any.getLocalPort();
        }
    }
}
