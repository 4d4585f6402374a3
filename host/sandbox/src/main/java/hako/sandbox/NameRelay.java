package hako.sandbox;

import com.google.protobuf.ByteString;
import hako.agent.AgentClient;
import hako.agent.v1.AwaitQueryRequest;
import hako.agent.v1.NameAnswer;
import hako.agent.v1.NameQuery;
import hako.base.HakoException;
import hako.linux.Fd;
import hako.network.NameLookup;
import hako.ttrpc.TtrpcCall;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Semaphore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers a guest's queries of names out of a network namespace, on whose loopback a server listens that the guest cannot
 * reach. So many at a time and a second, those beyond wait in the guest; and to nobody but these servers. Threads: one that
 * takes queries, {@code sandbox-ID-names}, and one for each on its way; owned by the sandbox's {@link NamespaceMirror}.
 */
final class NameRelay implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(NameRelay.class);

    /** At most {@code AT_A_TIME / LEAST} a second: 800. */
    private static final int AT_A_TIME = 16;

    private static final Duration LEAST = Duration.ofMillis(20);

    /** As long as a resolver waits before it asks again (resolv.conf(5), timeout). */
    static final Duration PATIENCE = Duration.ofSeconds(5);

    private static final int MOST_BYTES = 4096;
    private static final int HEADER = 12;
    private static final byte QR = (byte) 0x80;
    private static final byte SERVER_FAILURE = 2;

    private final AgentClient agent;
    private final Fd namespace;
    private final List<String> servers;
    private final Duration patience;
    private final Semaphore places = new Semaphore(AT_A_TIME);
    private final Thread thread;
    private volatile TtrpcCall<NameQuery> next;
    private volatile boolean closed;

    /**
     * The agent serves names when it has carried out what it was asked so far.
     *
     * @param patience with a server
     */
    NameRelay(String sandboxId, AgentClient agent, Fd namespace, List<String> servers, Duration patience) {
        this.agent = agent;
        this.namespace = namespace;
        this.servers = List.copyOf(servers);
        this.patience = patience;
        this.next = await();
        this.thread = Thread.ofVirtual()
                .name("sandbox-" + ContainerId.shortened(sandboxId) + "-names")
                .unstarted(this::relay);
        thread.start();
    }

    List<String> servers() {
        return servers;
    }

    boolean isOver() {
        return !thread.isAlive();
    }

    private TtrpcCall<NameQuery> await() {
        return agent.startAwaitQuery(
                AwaitQueryRequest.newBuilder().addAllServers(servers).build());
    }

    private void relay() {
        try {
            while (!closed) {
                NameQuery query = next.await();
                places.acquire();
                Thread.ofVirtual().name(thread.getName() + "-query").start(() -> answer(query));
                next = await();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (HakoException e) {
            if (!closed && agent.connection().isOpen()) {
                log.warn("{}: names are answered no more: {}", thread.getName(), e.getMessage());
            }
        }
    }

    private void answer(NameQuery query) {
        try {
            agent.answerQuery(
                    NameAnswer.newBuilder()
                            .setAsker(query.getAsker())
                            .setMessage(ByteString.copyFrom(lookUp(query)))
                            .build(),
                    PATIENCE);
        } catch (SocketTimeoutException e) {
            log.debug("{}: {} does not answer", thread.getName(), query.getServer());
        } catch (IOException | HakoException e) {
            log.debug("{}: {}", thread.getName(), e.toString());
        } finally {
            leave();
        }
    }

    /** Whatever came of the query, its place is taken for a while. */
    private void leave() {
        try {
            Thread.sleep(LEAST);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            places.release();
        }
    }

    /** @throws IOException no answer: whoever asked a datagram asks again */
    private byte[] lookUp(NameQuery query) throws IOException {
        byte[] message = query.getMessage().toByteArray();
        if (message.length > MOST_BYTES) {
            throw new IOException("a query of " + message.length + " bytes");
        }
        if (!servers.contains(query.getServer())) {
            throw new IOException("the guest asks " + Container.printable(query.getServer()));
        }
        NameLookup lookup = new NameLookup(namespace, query.getServer(), patience);
        try {
            return query.getOverStream() ? lookup.byStream(message) : lookup.byDatagram(message);
        } catch (SocketTimeoutException e) {
            if (query.getOverStream()) {
                return new byte[0];
            }
            throw e;
        } catch (IOException e) { // nobody listens there
            return query.getOverStream() ? new byte[0] : failure(message);
        }
    }

    /** The same message, as an answer that there is none (RFC 1035, 4.1.1). */
    private static byte[] failure(byte[] query) throws IOException {
        if (query.length < HEADER) {
            throw new IOException("a query of " + query.length + " bytes");
        }
        byte[] answer = query.clone();
        answer[2] |= QR;
        answer[3] = SERVER_FAILURE;
        return answer;
    }

    @Override
    public void close() {
        closed = true;
        next.cancel();
        thread.interrupt();
    }
}
