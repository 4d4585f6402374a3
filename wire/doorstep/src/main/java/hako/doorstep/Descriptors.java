package hako.doorstep;

import hako.linux.Fd;
import java.util.List;

/** What comes beside HELLO, in this order. Closed together. */
record Descriptors(Fd workingDirectory, Fd root, Fd stdin, Fd stdout, Fd stderr) implements AutoCloseable {
    static final int COUNT = 5;

    /** @param fds as many as {@link #COUNT} */
    static Descriptors of(List<Fd> fds) {
        return new Descriptors(fds.get(0), fds.get(1), fds.get(2), fds.get(3), fds.get(4));
    }

    @Override
    public void close() {
        workingDirectory.close();
        root.close();
        stdin.close();
        stdout.close();
        stderr.close();
    }
}
