package hako.network;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResolversTest {
    @TempDir
    Path dir;

    @Test
    void theHostsServersAreTakenThatAContainerCanReach() throws Exception {
        Path file = write("a", "# comment\nsearch x\nnameserver 127.0.0.1\nnameserver 10.0.0.53\nnameserver fd00::1\n");
        assertThat(servers(file)).containsExactly("10.0.0.53");
    }

    @Test
    void behindSystemdsStubAreTheRealOnes() throws Exception {
        Path stub = write("a", "nameserver 127.0.0.53\noptions edns0\n");
        Path real =
                write("b", "nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\nnameserver 192.0.2.4\n");
        assertThat(servers(stub, real)).containsExactly("192.0.2.1", "192.0.2.2", "192.0.2.3");
    }

    @Test
    void withNoneTheConfiguredOnesAreUsed() throws Exception {
        assertThat(servers(write("a", "nameserver ::1\nnameserver\n"), dir.resolve("missing")))
                .containsExactly("9.9.9.9");
    }

    private List<String> servers(Path... files) {
        return new Resolvers(List.of(files), List.of("9.9.9.9")).servers();
    }

    private Path write(String name, String text) throws Exception {
        return Files.writeString(dir.resolve(name), text);
    }
}
