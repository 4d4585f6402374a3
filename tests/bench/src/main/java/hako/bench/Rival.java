package hako.bench;

import java.util.List;

/** Another runtime, which runs the same root filesystem. Closed, it has no container any more. */
interface Rival extends AutoCloseable {
    String RUNC = "runc";
    String CRUN = "crun";

    /** As the tables show it. */
    String name();

    /** Of one that works. */
    String version();

    /** Empty where it can run containers on this host; else why not, and what to do. */
    String obstacle();

    /** A container that runs the command and goes. */
    List<String> runLine(String... command);

    /** Starts the container that {@link #execLine} needs. */
    void startIdle();

    List<String> execLine();

    /** No container any more. */
    void stopIdle();

    @Override
    default void close() {
        stopIdle();
    }
}
