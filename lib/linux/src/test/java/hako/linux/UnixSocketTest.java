package hako.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 10, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class UnixSocketTest {
    @TempDir
    Path dir;

    @Test
    void descriptorsArriveWithTheFirstByte() throws Exception {
        Path file = Files.writeString(dir.resolve("f"), "through a socket");
        try (Fd listener = UnixSocket.listen(dir.resolve("s"), 0600);
                Fd client = UnixSocket.connect(dir.resolve("s"));
                Fd server = UnixSocket.accept(listener);
                Fd passed = Fd.open(file, Fd.O_RDONLY, 0)) {
            UnixSocket.send(client, ascii("hello"), List.of(passed, passed));

            ByteBuffer into = ByteBuffer.allocate(100);
            UnixSocket.Received received = UnixSocket.receive(server, into, 5);

            assertThat(received.count()).isEqualTo(5);
            assertThat(received.fds()).hasSize(2);
            byte[] bytes = new byte[100];
            int n = Io.read(received.fds().get(1), bytes, 0, 100);
            assertThat(new String(bytes, 0, n, StandardCharsets.US_ASCII)).isEqualTo("through a socket");
            received.fds().forEach(Fd::close);
            UnixSocket.shutdownOutput(client);
            assertThat(UnixSocket.receive(server, into, 5).count()).isEqualTo(-1);
        }
    }

    @Test
    void moreDescriptorsThanAllowedAreRefusedAndClosed() throws Exception {
        long before = openDescriptors();
        try (UnixSocket.Pair pair = UnixSocket.pair()) {
            UnixSocket.send(pair.left(), ascii("x"), List.of(pair.left(), pair.left(), pair.left()));
            assertThatThrownBy(() -> UnixSocket.receive(pair.right(), ByteBuffer.allocate(1), 1))
                    .isInstanceOfSatisfying(
                            LinuxException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EMSGSIZE));
        }
        assertThat(openDescriptors()).isEqualTo(before);
    }

    @Test
    void aPathLongerThanTheKernelsLimitWorks() throws Exception {
        Path deep = dir;
        for (int i = 0; i < 10; i++) {
            deep = deep.resolve("a-rather-long-directory-name");
        }
        Files.createDirectories(deep);
        Path path = deep.resolve("socket");
        try (Fd listener = UnixSocket.listen(path, 0660);
                Fd client = UnixSocket.connect(path);
                Fd server = UnixSocket.accept(listener)) {
            assertThat(UnixSocket.peer(server).pid())
                    .isEqualTo((int) ProcessHandle.current().pid());
            assertThat(client.isOpen()).isTrue();
        }
    }

    @Test
    void theSocketHasItsModeAndReplacesALeftover() throws Exception {
        Path path = dir.resolve("s");
        UnixSocket.listen(path, 0600).close();
        try (Fd listener = UnixSocket.listen(path, 0660)) {
            assertThat(listener.isOpen()).isTrue();
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
                    .isEqualTo("rw-rw----");
        }
    }

    @Test
    void aFileThatIsNoSocketIsNotReplaced() throws Exception {
        Path path = Files.writeString(dir.resolve("s"), "precious");
        assertThatThrownBy(() -> UnixSocket.listen(path, 0600))
                .isInstanceOfSatisfying(
                        LinuxException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EADDRINUSE));
        assertThat(path).hasContent("precious");
    }

    @Test
    void connectingWhereNobodyListensIsRefused() {
        UnixSocket.listen(dir.resolve("s"), 0600).close();
        assertThatThrownBy(() -> UnixSocket.connect(dir.resolve("s")))
                .hasMessageEndingWith("Connection refused (ECONNREFUSED)");
        assertThatThrownBy(() -> UnixSocket.connect(dir.resolve("none")))
                .hasMessage("connect to " + dir.resolve("none") + ": No such file or directory (ENOENT)");
    }

    private static ByteBuffer ascii(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
    }

    private static long openDescriptors() throws Exception {
        try (var list = Files.list(Path.of("/proc/self/fd"))) {
            return list.count();
        }
    }
}
