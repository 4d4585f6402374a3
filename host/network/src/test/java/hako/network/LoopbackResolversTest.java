package hako.network;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(10)
class LoopbackResolversTest {
    @TempDir
    Path dir;

    @Test
    void thoseOnLoopbackAreTaken() throws Exception {
        Path docker = write("a", "search x\nnameserver 127.0.0.11\nnameserver 10.0.0.1\noptions ndots:0\n");
        assertThat(LoopbackResolvers.in(List.of(docker))).containsExactly("127.0.0.11");
    }

    @Test
    void threeAreEnough() throws Exception {
        Path many =
                write("a", "nameserver 127.0.0.1\nnameserver 127.0.0.2\nnameserver 127.0.0.2\nnameserver 127.0.0.3\n");
        Path more = write("b", "nameserver 127.0.0.4\nnameserver 127.0.0.5\n");
        assertThat(LoopbackResolvers.in(List.of(many, more))).hasSize(3).startsWith("127.0.0.1", "127.0.0.2");
    }

    @Test
    void whatIsNoAddressOfLoopbackIsNot() throws Exception {
        Path file = write(
                "a", "nameserver ::1\nnameserver 127.1\nnameserver 0177.0.0.1\nnameserver localhost\nnameserver\n");
        assertThat(LoopbackResolvers.in(List.of(file))).isEmpty();
    }

    @Test
    void aContainerThatPutsSomethingElseThereHoldsNobodyUp() throws Exception {
        Path pipe = dir.resolve("pipe");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor())
                .isZero();
        Path link = Files.createSymbolicLink(dir.resolve("link"), write("a", "nameserver 127.0.0.1\n"));
        assertThat(LoopbackResolvers.in(List.of(pipe, link, dir, dir.resolve("none"))))
                .isEmpty();
    }

    private Path write(String name, String text) throws Exception {
        return Files.writeString(dir.resolve(name), text);
    }
}
