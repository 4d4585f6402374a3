package hako.sandbox;

import hako.base.HakoException;
import hako.base.HakoException.Code;
import hako.base.HakoException.Kind;
import hako.base.Undo;
import hako.linux.Fd;
import hako.linux.NetlinkMonitor;
import hako.network.LoopbackResolvers;
import hako.network.NamespaceLink;
import hako.network.NamespaceNetwork;
import hako.network.WiredNamespace;
import hako.sandbox.LinkPlan.Card;
import hako.sandbox.LinkPlan.Step;
import hako.vm.Device;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A VM's links are those of a network namespace, and follow them while it runs: a card for each, plugged when the link comes,
 * changed with it, unplugged when it goes. Threads: one of its own, {@code sandbox-ID-links}; owned by its sandbox, and ends
 * with the VM.
 */
final class NamespaceMirror implements AutoCloseable {
    /** Of a guest: it has as many slots for them. */
    static final int MOST_LINKS = 6;

    private static final Logger log = LoggerFactory.getLogger(NamespaceMirror.class);

    private static final Duration TIMEOUT = Duration.ofSeconds(15);

    /** A link is moved in, named, given its address and brought up in several steps: without one for so long it is ready. */
    private static final Duration SETTLED = Duration.ofMillis(10);

    private static final Duration SETTLED_AT_LAST = Duration.ofMillis(200);

    /** To what failed; any change comes before. */
    private static final Duration AGAIN = Duration.ofSeconds(30);

    private final Sandbox sandbox;
    private final Fd namespace;
    private final List<Path> resolvConfs;
    private final NetlinkMonitor monitor;
    private final Thread thread;

    /** Changed by the thread, once it runs. */
    private volatile @Nullable NameRelay names;

    // of the thread, once it runs
    private final Map<Integer, Card> cards = new TreeMap<>();
    private Set<String> leftOut = Set.of();

    private NamespaceMirror(Sandbox sandbox, Fd namespace, List<Path> resolvConfs, boolean goesOn) {
        this.sandbox = sandbox;
        this.namespace = namespace;
        this.resolvConfs = List.copyOf(resolvConfs);
        this.monitor = NamespaceNetwork.monitor(namespace);
        this.thread = Thread.ofVirtual()
                .name("sandbox-" + ContainerId.shortened(sandbox.id()) + "-links")
                .unstarted(() -> follow(goesOn));
    }

    /**
     * Returns when the guest has the links that are there, all of them; where it cannot, none.
     *
     * @param resolvConfs of containers; name servers on loopback in them are those of the namespace
     */
    static NamespaceMirror start(Sandbox sandbox, WiredNamespace wired, List<Path> resolvConfs) {
        NamespaceMirror mirror = new NamespaceMirror(sandbox, open(wired), resolvConfs, false);
        try (Undo undo = new Undo()) {
            undo.add(mirror::close);
            undo.add(mirror::unplugAll);
            for (HakoException failure : mirror.update()) {
                throw failure;
            }
            mirror.begin();
            undo.release();
            return mirror;
        }
    }

    /** Goes on with what an earlier daemon began. What has changed meanwhile follows. */
    static NamespaceMirror goOn(Sandbox sandbox, WiredNamespace wired, List<Path> resolvConfs) {
        NamespaceMirror mirror = new NamespaceMirror(sandbox, open(wired), resolvConfs, true);
        mirror.begin();
        return mirror;
    }

    /** @throws HakoException the namespace, which the VM will not have, has links */
    static void requireNone(Sandbox sandbox, WiredNamespace wired) {
        try (Fd namespace = open(wired)) {
            if (!NamespaceNetwork.links(namespace, sandbox.id()).isEmpty()) {
                throw HakoException.user(
                        Code.UNSUPPORTED,
                        "network namespace %s: it is not that of the VM which this container shares with others, and a VM has one: give it theirs (--network container:NAME), or none"
                                .formatted(wired.path()));
            }
        }
    }

    private static Fd open(WiredNamespace wired) {
        try {
            return wired.open().orElseThrow(() -> failed(wired, "it is gone"));
        } catch (IOException e) {
            throw failed(wired, e.toString());
        }
    }

    private void begin() {
        thread.start();
        sandbox.vm().exited().thenRun(this::release);
    }

    private void follow(boolean goesOn) {
        try {
            if (goesOn) {
                takeStock();
            }
            boolean again = goesOn && !updated();
            while (isOpen()) {
                monitor.await(again ? AGAIN : null);
                settle();
                again = !updated();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            if (isOpen()) {
                log.error("sandbox {}: its links are followed no more: {}", shortId(), e.getMessage(), e);
            }
        }
    }

    private boolean isOpen() {
        return namespace.isOpen() && !sandbox.vm().exited().isDone();
    }

    private void settle() throws InterruptedException {
        long last = System.nanoTime() + SETTLED_AT_LAST.toNanos();
        do {
            monitor.drain();
        } while (System.nanoTime() < last && monitor.await(SETTLED));
    }

    /** Cards that an earlier daemon has not joined to a link, or that have lost their taps, go. */
    private void takeStock() {
        NamespaceNetwork.joined(namespace, sandbox.id())
                .forEach(tap -> cards.put(tap.number(), new Card(tap.number(), tap.mac(), tap.linkIndex(), null)));
        for (int number = 0; number < MOST_LINKS; number++) {
            if (!cards.containsKey(number)) {
                unplugIfThere(number);
            }
        }
    }

    private void unplugIfThere(int number) {
        try {
            sandbox.vm().unplug(card(number));
        } catch (HakoException e) {
            if (e.code() != Code.NOT_FOUND) {
                log.warn("sandbox {}: {}", shortId(), e.getMessage());
            }
        }
    }

    /** Whether the guest has the links now. */
    private boolean updated() {
        List<HakoException> failures = update();
        if (isOpen()) {
            failures.forEach(e -> log.warn("sandbox {}: its links: {}", shortId(), e.getMessage()));
        }
        return failures.isEmpty();
    }

    private List<HakoException> update() {
        List<HakoException> failures = new ArrayList<>();
        serveNames();
        try {
            LinkPlan plan = LinkPlan.of(cards.values(), NamespaceNetwork.links(namespace, sandbox.id()), MOST_LINKS);
            tell(plan.leftOut());
            for (Step step : plan.steps()) {
                attempt(step, failures);
            }
        } catch (HakoException e) {
            failures.add(e);
        }
        return failures;
    }

    /** Managers rewrite the file before they change the links. */
    private void serveNames() {
        List<String> servers = LoopbackResolvers.in(resolvConfs);
        NameRelay serving = names;
        if (servers.isEmpty() || serving != null && !serving.isOver() && servers.equals(serving.servers())) {
            return;
        }
        if (serving != null) {
            serving.close();
        }
        names = new NameRelay(sandbox.id(), sandbox.agent(), namespace, servers, NameRelay.PATIENCE);
    }

    private void attempt(Step step, List<HakoException> failures) {
        try {
            switch (step) {
                case Step.Unplug(Card card) -> unplug(card);
                case Step.Change(Card card, NamespaceLink link) -> change(card, link);
                case Step.Plug(int number, NamespaceLink link) -> plug(number, link);
            }
        } catch (HakoException e) {
            failures.add(e);
        }
    }

    private void plug(int number, NamespaceLink link) {
        Card card = new Card(number, link.mac(), link.index(), null);
        try (Undo undo = new Undo()) {
            sandbox.vm().plug(new Device.Nic(card(number), NamespaceNetwork.tap(sandbox.id(), number), link.mac()));
            undo.add(() -> sandbox.vm().unplug(card(number)));
            NamespaceNetwork.join(namespace, sandbox.id(), number, link.mac(), link);
            configure(card, link);
            undo.release();
        }
    }

    private void change(Card card, NamespaceLink link) {
        NamespaceLink before = card.link();
        if (!link.redirected() || before == null || before.mtu() != link.mtu()) {
            NamespaceNetwork.adjust(namespace, sandbox.id(), card.number(), link);
        }
        configure(card, link);
    }

    private void configure(Card card, NamespaceLink link) {
        sandbox.agent().configureLink(Sandbox.link(card.mac(), link), TIMEOUT);
        NamespaceLink has = link.asRedirected();
        cards.put(card.number(), new Card(card.number(), card.mac(), card.linkIndex(), has));
        log.info("sandbox {}: link {} {} (card {})", shortId(), link.name(), link.addresses(), card.number());
    }

    private void unplug(Card card) {
        sandbox.vm().unplug(card(card.number()));
        cards.remove(card.number());
        log.info("sandbox {}: link of card {} is gone", shortId(), card.number());
    }

    private void unplugAll() {
        List<HakoException> failures = new ArrayList<>();
        List.copyOf(cards.values()).forEach(card -> attempt(new Step.Unplug(card), failures));
        failures.forEach(e -> log.warn("sandbox {}: {}", shortId(), e.getMessage()));
    }

    private void tell(List<NamespaceLink> without) {
        Set<String> names = without.stream().map(NamespaceLink::name).collect(Collectors.toSet());
        if (!names.isEmpty() && !names.equals(leftOut)) {
            log.warn(
                    "sandbox {}: links {} of its network namespace are not in the guest, which has {} cards at most: take some away",
                    shortId(),
                    names,
                    MOST_LINKS);
        }
        leftOut = names;
    }

    private static String card(int number) {
        return "net" + number;
    }

    private String shortId() {
        return ContainerId.shortened(sandbox.id());
    }

    private void release() {
        NameRelay serving = names;
        if (serving != null) {
            serving.close();
        }
        monitor.close();
        namespace.close();
    }

    /** Follows no more; what the guest has it keeps. Returns when nothing is changed any more. Idempotent. */
    @Override
    public void close() {
        release();
        try {
            if (thread.getState() != Thread.State.NEW && !thread.join(TIMEOUT)) {
                log.warn("sandbox {}: its links are still worked on after {} s", shortId(), TIMEOUT.toSeconds());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Whoever wired it has its links again. */
    static void part(String sandboxId, @Nullable WiredNamespace wired) {
        if (wired == null) {
            return;
        }
        try {
            NamespaceNetwork.part(wired, sandboxId);
        } catch (IOException e) {
            throw failed(wired, e.toString());
        }
    }

    private static HakoException failed(WiredNamespace wired, String fact) {
        return new HakoException(
                Kind.EXTERNAL, Code.UNAVAILABLE, "network namespace %s: %s".formatted(wired.path(), fact));
    }
}
