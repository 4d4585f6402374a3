package hako.cli;

import hako.base.HakoException;
import hako.sandbox.Attachment;
import hako.sandbox.Container;
import hako.sandbox.ContainerProcess;
import hako.sandbox.ExitReport;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.concurrent.ExecutionException;

/** A process with its caller in front of it. */
interface AttendedProcess extends AutoCloseable {
    /** All its output, until its end. {@link IOException}: the caller does not read any more. */
    void copy(OutputStream out, OutputStream err) throws IOException, InterruptedException;

    /** Gives it its input, until the end of that. */
    void feed(InputStream in) throws IOException;

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
    static AttendedProcess init(Container container, Call call) {
        return new OfContainer(
                container,
                container.init(),
                container.init().attach(call.caller().pid()));
    }

    /** One more process in it. */
    static AttendedProcess exec(Container container, ContainerProcess exec, Call call) {
        return new OfContainer(container, exec, exec.attach(call.caller().pid()));
    }

    /** A real one. */
    record OfContainer(Container container, ContainerProcess process, Attachment attachment)
            implements AttendedProcess {
        @Override
        public void copy(OutputStream out, OutputStream err) throws IOException, InterruptedException {
            attachment.copy(out, err);
        }

        @Override
        public void feed(InputStream in) throws IOException {
            attachment.feed(in);
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
