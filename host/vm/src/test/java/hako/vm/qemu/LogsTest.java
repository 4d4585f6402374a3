package hako.vm.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import hako.linux.Io;
import hako.linux.Poller;
import hako.vm.VmExit;
import hako.vm.VmExit.Cause;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(20)
class LogsTest {
    @TempDir
    Path directory;

    @Test
    void theConsoleKeepsItsEndAndStaysBounded() throws IOException {
        Path file = directory.resolve("console.log");
        ConsoleLog console = new ConsoleLog(file);

        for (int i = 0; i < 100; i++) {
            console.append(("%05d\n".formatted(i)).repeat(2000).getBytes(StandardCharsets.UTF_8));
        }

        assertThat(Files.size(file)).isLessThan(400_000);
        assertThat(console.tail(12)).isEqualTo("00099\n00099\n");
    }

    @Test
    void aConsoleNobodyReadIsEmpty() {
        assertThat(new ConsoleLog(directory.resolve("none")).tail(100)).isEmpty();
    }

    @Test
    void aConsoleCannotSteerATerminal() {
        assertThat(ConsoleLog.printable("a\u001b[2J\u0007b\r\n\tc\u009bd")).isEqualTo("a[2Jb\n\tcd");
        assertThat(ConsoleLog.printable("txt\u202egnp\u2028.\u200bx")).isEqualTo("txtgnp.x");
    }

    @Test
    void errorOutputIsKeptUpToItsBoundAndTheWriterThenMeetsAClosedPipe() throws Exception {
        Path file = directory.resolve("qemu.log");
        ErrorLog log = ErrorLog.to(file, "test-log");
        try (OutputStream out = Io.outputStream(log.writer(), Poller.shared())) {
            out.write("first words\n".getBytes(StandardCharsets.UTF_8));
            byte[] more = new byte[4096];
            assertThat(catchThrowable(() -> {
                        for (int i = 0; i < 1000; i++) {
                            out.write(more);
                        }
                    }))
                    .isInstanceOf(IOException.class);
        }
        assertThat(Files.size(file)).isEqualTo(ErrorLog.MAX_BYTES);
    }

    @Test
    void thePanicIsFoundInTheConsole() {
        VmExit exit = GuestEnd.of("guest-reset", "a\nKernel panic - not syncing: Attempted to kill init!\nb\n");

        assertThat(exit.cause()).isEqualTo(Cause.GUEST_PANIC);
        assertThat(exit.reason())
                .startsWith("the guest's kernel panicked: Attempted to kill init!; its console ends:\n")
                .endsWith("b");
    }

    @Test
    void ofAnOopsThePanicSaysNothing() {
        String console = "BUG: Bad page state\n" + "x".repeat(5000)
                + "\nBUG: kernel NULL pointer dereference, address: 0\nOops: 0002 [#1]\n" + "x".repeat(5000)
                + "\nKernel panic - not syncing: Fatal exception in interrupt\n";

        assertThat(GuestEnd.of("guest-reset", console).reason())
                .startsWith("the guest's kernel panicked: BUG: kernel NULL pointer dereference, address: 0; its")
                .hasSizeLessThan(2200)
                .endsWith("in interrupt");
    }

    @Test
    void aPowerOffWasAskedFor() {
        assertThat(GuestEnd.of("guest-shutdown", "Kernel panic - not syncing: says a container\n"))
                .isEqualTo(new VmExit(Cause.ASKED, "the guest powered off"));
        assertThat(GuestEnd.of("guest-reset", "").reason())
                .isEqualTo("the guest reset its machine; its console is empty");
    }
}
