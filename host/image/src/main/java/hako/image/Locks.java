package hako.image;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;

/** One lock for each key, for work that must be done once: unpacking a layer, building an image. Thread-safe. */
final class Locks {
    private final ConcurrentHashMap<Object, Holder> holders = new ConcurrentHashMap<>();

    private static final class Holder {
        private final ReentrantLock lock = new ReentrantLock();
        private int users;
    }

    /** Waits its turn; to be closed by the same thread. */
    Held lock(Object key) {
        Holder holder = holders.compute(key, (k, known) -> {
            Holder h = known == null ? new Holder() : known;
            h.users++;
            return h;
        });
        holder.lock.lock();
        return () -> {
            holder.lock.unlock();
            holders.compute(key, (k, known) -> --holder.users == 0 ? null : known);
        };
    }

    /** Given back by {@link #close}. */
    interface Held extends AutoCloseable {
        @Override
        void close();
    }
}
