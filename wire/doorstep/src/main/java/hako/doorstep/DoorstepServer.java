package hako.doorstep;

import hako.base.HakoException;
import hako.linux.Fd;
import hako.linux.Io;
import hako.linux.Poller;
import hako.linux.UnixSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Listens for door-steps and serves each call on a virtual thread of its own, {@code call-PID}; what the caller does
 * meanwhile comes on another, {@code call-PID-events}. A peer that talks nonsense, is slow or vanishes costs its own
 * connection only. Owned by the daemon.
 */
public final class DoorstepServer implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(DoorstepServer.class);

    /** Owner and group: who may connect may do anything the daemon does. */
    private static final int MODE = 0660;

    /** The exit code of a call that Hako could not serve, as Docker's client uses it. */
    private static final int FAILED = 125;

    /** How long a HELLO may take to arrive, and how many may be on their way at once. */
    private static final Duration GREETING = Duration.ofSeconds(10);

    private static final int MOST_GREETINGS = 128;

    /** How long to wait for room to tell a peer why it is refused. */
    private static final Duration REFUSAL = Duration.ofSeconds(1);

    /** After a failure to accept, which is most likely a lack of descriptors. */
    private static final Duration PAUSE = Duration.ofMillis(100);

    private final Fd listener;
    private final Poller poller;
    private final Consumer<Caller> door;
    private final Duration greeting;
    private final Semaphore greetings = new Semaphore(MOST_GREETINGS);
    private final Set<DoorstepCaller> callers = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    /**
     * Listens on {@code socket} with mode 0660, in the place of a socket that a dead daemon left; the caller holds the
     * lock that says it is dead.
     *
     * @param door serves a call, and ends it by {@link Caller#exit}; runs on the call's thread
     */
    public DoorstepServer(Path socket, Poller poller, Consumer<Caller> door) {
        this(socket, poller, door, GREETING);
    }

    DoorstepServer(Path socket, Poller poller, Consumer<Caller> door, Duration greeting) {
        this.poller = poller;
        this.door = door;
        this.greeting = greeting;
        this.listener = UnixSocket.listen(socket, MODE);
        Thread.ofVirtual().name("doorstep").start(this::accept);
    }

    /**
     * Takes no more calls and breaks off those under way, without ending the callers: those that were given a token call the
     * next daemon. Their threads are not waited for.
     */
    @Override
    public void close() {
        closed = true;
        listener.close();
        callers.forEach(DoorstepCaller::close);
    }

    private void accept() {
        try {
            while (!closed) {
                greetings.acquire();
                try {
                    Fd socket = UnixSocket.accept(listener, poller, null);
                    Thread.ofVirtual().name("call").start(() -> greet(new Connection(socket, poller)));
                } catch (HakoException e) {
                    greetings.release();
                    if (!closed) {
                        log.warn("doorstep: {}", e.getMessage());
                        Thread.sleep(PAUSE);
                    }
                }
            }
        } catch (InterruptedException e) {
            log.warn("doorstep: interrupted, no more calls are taken");
        }
    }

    private void greet(Connection connection) {
        DoorstepCaller caller;
        try {
            caller = introduce(connection);
        } catch (HakoException e) {
            log.debug("doorstep: refused a caller: {}", e.getMessage());
            return;
        } catch (InterruptedException e) {
            return;
        } finally {
            greetings.release();
        }
        serve(caller);
    }

    /** Reads HELLO and accepts it; whoever is refused is told why where it gave us a place to say so. */
    private DoorstepCaller introduce(Connection connection) throws InterruptedException {
        List<Fd> fds = List.of();
        try {
            Frame frame = connection.receive(Frame.MOST_HELLO, System.nanoTime() + greeting.toNanos());
            fds = connection.takeDescriptors();
            Hello hello = Hello.decode(frame);
            if (fds.size() != Descriptors.COUNT) {
                throw new ProtocolException("HELLO with " + fds.size() + " descriptors");
            }
            return new DoorstepCaller(connection, hello, Descriptors.of(fds), poller);
        } catch (RuntimeException | InterruptedException e) {
            if (e instanceof ProtocolException && fds.size() == Descriptors.COUNT) {
                refuse(connection, Descriptors.of(fds).stderr(), e.getMessage());
            }
            fds.forEach(Fd::close);
            connection.takeDescriptors().forEach(Fd::close);
            connection.close();
            throw e;
        }
    }

    private void refuse(Connection connection, Fd stderr, String reason) throws InterruptedException {
        try {
            poller.awaitWritable(stderr, REFUSAL);
            byte[] message = ("hako: " + reason + "\n").getBytes(StandardCharsets.UTF_8);
            Io.write(stderr, message, 0, message.length);
        } catch (HakoException e) {
            log.debug("doorstep: tell a caller why it is refused: {}", e.getMessage());
        }
        connection.send(Frame.exit(FAILED));
    }

    private void serve(DoorstepCaller caller) {
        Thread.currentThread().setName(caller.toString());
        callers.add(caller);
        try {
            if (closed) {
                return;
            }
            caller.acknowledge();
            Thread.ofVirtual().name(caller + "-events").start(caller::listen);
            door.accept(caller);
        } catch (RuntimeException e) {
            log.error("{}: {}", caller, e.toString(), e);
        } finally {
            if (!closed) {
                caller.exit(FAILED); // nothing where the door has ended the call
            }
            caller.close();
            callers.remove(caller);
        }
    }
}
