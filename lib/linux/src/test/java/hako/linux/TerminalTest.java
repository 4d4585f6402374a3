package hako.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 10, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class TerminalTest {
    @Test
    void aTerminalIsKnownItsSizeIsAskedAndItsStreamsEndWithIt() throws Exception {
        try (PseudoTerminal pty = PseudoTerminal.open();
                Fd reader = pty.terminal().dup()) {
            assertThat(Terminal.isTerminal(pty.terminal())).isTrue();
            Terminal.resize(pty.terminal(), new Terminal.Size(24, 80));
            assertThat(Terminal.size(pty.terminal())).isEqualTo(new Terminal.Size(24, 80));

            try (OutputStream out = Io.outputStream(pty.terminal(), Poller.shared());
                    InputStream in = Io.inputStream(pty.controller(), Poller.shared())) {
                out.write("hi\n".getBytes());
                assertThat(in.readNBytes(4)).asString().isEqualTo("hi\r\n");
            }
            try (InputStream in = Io.inputStream(reader, Poller.shared())) {
                assertThat(in.read()).as("the controller has closed").isEqualTo(-1);
            }
        }
    }

    @Test
    void whatIsNoTerminalSaysSo() {
        try (Fd fd = Fd.open(Path.of("/dev/null"), Fd.O_RDWR, 0)) {
            assertThat(Terminal.isTerminal(fd)).isFalse();
            assertThatThrownBy(() -> Terminal.size(fd)).hasMessageContaining("ENOTTY");
        }
    }
}
