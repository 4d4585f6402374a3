package hako.doorstep;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * News of one kind on the way to one listener: in order, one at a time, outside locks, kept while there is no listener.
 * Where more wait than there is room for, the oldest are dropped. Threads: any; the listener runs on that of {@link #add}
 * or {@link #to}.
 */
final class Notices<T> {
    private static final Logger log = LoggerFactory.getLogger(Notices.class);

    private final int most;

    /** Guarded by this, as are all below. */
    private final Deque<T> waiting = new ArrayDeque<>(1);

    private @Nullable Consumer<T> listener;
    private boolean delivering;

    Notices(int most) {
        this.most = most;
    }

    void add(T notice) {
        synchronized (this) {
            if (waiting.size() == most) {
                waiting.removeFirst();
            }
            waiting.addLast(notice);
        }
        deliver();
    }

    void to(Consumer<T> newListener) {
        synchronized (this) {
            listener = newListener;
        }
        deliver();
    }

    private void deliver() {
        while (true) {
            Consumer<T> to;
            T notice;
            synchronized (this) {
                to = listener;
                if (delivering || to == null || waiting.isEmpty()) {
                    return; // whoever delivers now sees what has been added
                }
                notice = waiting.removeFirst();
                delivering = true;
            }
            try {
                to.accept(notice);
            } catch (RuntimeException e) {
                log.warn("{}: listener of a call: {}", Thread.currentThread().getName(), e.toString(), e);
            } finally {
                synchronized (this) {
                    delivering = false;
                }
            }
        }
    }
}
