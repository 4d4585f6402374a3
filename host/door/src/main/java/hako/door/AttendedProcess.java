package hako.door;

import hako.base.HakoException;
import hako.doorstep.Caller;
import hako.sandbox.Attachment;
import hako.sandbox.Container;
import hako.sandbox.ContainerProcess;
import hako.sandbox.ExitReport;
import hako.sandbox.ProcessCaller;
import java.io.IOException;
import java.util.concurrent.ExecutionException;

/** A process with its caller in front of it. */
public interface AttendedProcess extends AutoCloseable {
    /** All its output, until its end. {@link IOException}: the caller does not read any more. */
    void copy() throws IOException, InterruptedException;

    /** Gives it its input, until the end of that. */
    void feed() throws IOException, InterruptedException;

    /** There will be no more input. Not while {@link #feed} runs. */
    void endInput();

    void signal(int number);

    void resize(int rows, int columns);

    /** How it ended; after {@link #copy} this is known in a moment. */
    ExitReport exit() throws InterruptedException;

    /** The caller is gone for good. */
    void abandon();

    /** Whatever it still writes is nobody's. */
    @Override
    void close();

    /** The container's own: with {@code --rm} it does not outlive its caller. */
    static AttendedProcess init(Container container, Caller caller) {
        return new OfContainer(container, container.init(), container.init().attach(new OfCall(caller)));
    }

    /** One more process in it. */
    static AttendedProcess exec(Container container, ContainerProcess exec, Caller caller) {
        return new OfContainer(container, exec, exec.attach(new OfCall(caller)));
    }

    /** Whoever made the call, as the process sees it. */
    record OfCall(Caller caller) implements ProcessCaller {
        @Override
        public long pid() {
            return caller.pid();
        }

        @Override
        public long written() {
            return caller.written();
        }

        @Override
        public void write(int stream, byte[] bytes, long position) throws IOException, InterruptedException {
            caller.write(stream + 1, bytes, position);
        }

        @Override
        public long unread() {
            return caller.unread();
        }

        @Override
        public byte[] read(long offset) throws IOException, InterruptedException {
            return caller.read(offset);
        }
    }

    /** A real one. */
    record OfContainer(Container container, ContainerProcess process, Attachment attachment)
            implements AttendedProcess {
        @Override
        public void copy() throws IOException, InterruptedException {
            attachment.copy();
        }

        @Override
        public void feed() throws IOException, InterruptedException {
            attachment.feed();
        }

        @Override
        public void endInput() {
            attachment.endInput();
        }

        @Override
        public void signal(int number) {
            if (isInit()) {
                container.kill(number);
            } else {
                process.signal(number);
            }
        }

        @Override
        public void resize(int rows, int columns) {
            process.resize(rows, columns);
        }

        @Override
        public ExitReport exit() throws InterruptedException {
            try {
                return process.exited().get();
            } catch (ExecutionException e) {
                throw new HakoException(
                        HakoException.Kind.INTERNAL, HakoException.Code.INTERNAL, "wait for the end: " + e, e);
            }
        }

        @Override
        public void abandon() {
            if (isInit() && container.record().autoRemove()) {
                container.kill(Signals.SIGKILL);
            }
        }

        @Override
        public void close() {
            attachment.close();
            if (!isInit() && process.exited().isDone()) {
                container.forget(process);
            }
        }

        private boolean isInit() {
            return process.id().isEmpty();
        }
    }
}
