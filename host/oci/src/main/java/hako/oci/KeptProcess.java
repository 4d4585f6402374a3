package hako.oci;

import hako.door.AttendedProcess;
import hako.door.Signals;
import hako.sandbox.ExitReport;
import java.io.IOException;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A process with one of this host in front of it that lives exactly as long: whoever kills the one ends the other. Where
 * nobody reads its output any more it goes on without, as it would with its own pipe's reader gone.
 */
record KeptProcess(AttendedProcess process, RuntimeContainer container) implements AttendedProcess {
    private static final Logger log = LoggerFactory.getLogger(KeptProcess.class);

    @Override
    public void copy() throws InterruptedException {
        try {
            process.copy();
        } catch (IOException e) {
            log.debug("{}: its output is dropped: {}", Thread.currentThread().getName(), e.getMessage());
            process.close();
            process.exit();
        }
    }

    @Override
    public void feed() throws IOException, InterruptedException {
        process.feed();
    }

    @Override
    public void endInput() {
        process.endInput();
    }

    @Override
    public void signal(int number) {
        process.signal(number);
    }

    @Override
    public void resize(int rows, int columns) {
        process.resize(rows, columns);
    }

    @Override
    public ExitReport exit() throws InterruptedException {
        ExitReport report = process.exit();
        Optional<HostCgroup> cgroup = container.cgroup();
        if (report.oomKilled() && cgroup.isPresent()) {
            cgroup.get().exhaust();
        }
        return report;
    }

    @Override
    public void abandon() {
        process.signal(Signals.SIGKILL);
    }

    @Override
    public void close() {
        process.close();
    }
}
