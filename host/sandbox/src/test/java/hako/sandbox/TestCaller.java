package hako.sandbox;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;

/** A caller as the door-step is one: it outlives daemons, and takes from the last of them only. */
final class TestCaller {
    private final ByteArrayOutputStream[] streams = {new ByteArrayOutputStream(), new ByteArrayOutputStream()};
    private final ByteArrayOutputStream typed = new ByteArrayOutputStream();
    private long written;
    private int unread;
    private boolean ended;
    private int calls;

    /** What it saw until the process had ended. */
    static String output(ContainerProcess process) throws Exception {
        TestCaller caller = new TestCaller();
        try (Attachment attachment = process.attach(caller.call())) {
            attachment.copy();
        }
        return caller.out();
    }

    synchronized String out() {
        return streams[0].toString(UTF_8);
    }

    synchronized String err() {
        return streams[1].toString(UTF_8);
    }

    synchronized void type(String text) {
        typed.writeBytes(text.getBytes(UTF_8));
        notifyAll();
    }

    synchronized void endInput() {
        ended = true;
        notifyAll();
    }

    /** It calls a daemon; what it had with the one before is over. */
    synchronized ProcessCaller call() {
        return call(ProcessHandle.current().pid());
    }

    synchronized ProcessCaller call(long pid) {
        calls++;
        notifyAll();
        return new Connection(calls, pid);
    }

    private final class Connection implements ProcessCaller {
        private final int number;
        private final long pid;

        Connection(int number, long pid) {
            this.number = number;
            this.pid = pid;
        }

        @Override
        public long pid() {
            return pid;
        }

        @Override
        public long written() {
            synchronized (TestCaller.this) {
                return written;
            }
        }

        @Override
        public void write(int stream, byte[] bytes, long position) throws IOException {
            synchronized (TestCaller.this) {
                requireCurrent();
                streams[stream].writeBytes(bytes);
                written = position;
            }
        }

        @Override
        public long unread() {
            synchronized (TestCaller.this) {
                return unread;
            }
        }

        @Override
        public byte[] read(long offset) throws IOException, InterruptedException {
            synchronized (TestCaller.this) {
                requireCurrent();
                unread = (int) offset;
                while (typed.size() == unread && !ended) {
                    TestCaller.this.wait();
                    requireCurrent();
                }
                return Arrays.copyOfRange(typed.toByteArray(), unread, typed.size());
            }
        }

        private void requireCurrent() throws IOException {
            if (number != calls) {
                throw new IOException("the caller has called another daemon");
            }
        }
    }
}
