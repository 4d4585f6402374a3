package hako.network;

import hako.base.HakoException;
import hako.base.Undo;
import hako.linux.Errno;
import hako.linux.FileLock;
import hako.linux.Link;
import hako.linux.LinuxException;
import hako.linux.Netlink;
import hako.linux.OwnThread;
import hako.linux.Tap;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The NAT network of {@code hako run}: a bridge with a private subnet, a tap on it per sandbox, masquerading to the
 * outside, and published ports.
 *
 * <p>Its state is the kernel's: which taps there are, and in their aliases which {@link Lease} each stands for. Nothing
 * is written to disk that could disagree. Several daemons may share a bridge; a lock file lets one at a time choose an
 * address. Threads: any.
 */
public final class BridgeNetwork implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(BridgeNetwork.class);
    private static final Duration LOCK_PATIENCE = Duration.ofSeconds(10);
    private static final int NAME_DIGITS = 12;
    private static final Pattern HEX_ID = Pattern.compile("[0-9a-f]{12,}");
    private static final Pattern TAP = Pattern.compile("hk[0-9a-f]{12}");

    private final NetworkConfig config;
    private final String owner;
    private final Bridge bridge;
    private final Firewall firewall;
    private final Resolvers resolvers;

    /** Guards all below, and the kernel's state against this daemon's other threads. */
    private final ReentrantLock lock = new ReentrantLock();

    private final HostPorts hostPorts = new HostPorts();
    private final Map<String, Endpoint> live = new HashMap<>();
    private boolean installed;

    /** The address given last: the next is sought after it, so that one just freed rests. */
    private int last;

    /**
     * @param state names the daemon among those that share the bridge: a path only it uses. Nothing is written there
     */
    public BridgeNetwork(NetworkConfig config, Path state) {
        this(config, state, Resolvers.ofHost(config.fallbackDns()));
    }

    BridgeNetwork(NetworkConfig config, Path state, Resolvers resolvers) {
        this.config = config;
        this.owner = digest(state.toAbsolutePath().normalize().toString()).substring(0, 8);
        this.bridge = new Bridge(config);
        this.firewall = new Firewall(config);
        this.resolvers = resolvers;
        this.last = config.subnet().last();
    }

    /**
     * A place on the network: a tap on the bridge, an address, ports.
     *
     * @throws HakoException {@code ALREADY_EXISTS} for a port or a subnet in use, {@code NO_SPACE} when no address is
     *     free
     */
    public Endpoint attach(String sandboxId, List<PortMapping> ports) {
        lock.lock();
        try (FileLock _ = lockFile();
                Netlink netlink = Netlink.open();
                Undo undo = new Undo()) {
            String tap = tapName(sandboxId);
            List<PortMapping> bound = hostPorts.hold(sandboxId, ports);
            undo.add(() -> hostPorts.release(endpoint(sandboxId, tap, 0, bound)));
            Link hako = bridge.ensure(netlink);
            ensureRules();
            int address = plug(netlink, hako, new Lease(owner, sandboxId, 0, tap), undo);
            Endpoint endpoint = endpoint(sandboxId, tap, address, bound);
            firewall.publish(rules(endpoint));
            live.put(sandboxId, endpoint);
            last = address;
            undo.release();
            return endpoint;
        } finally {
            lock.unlock();
        }
    }

    /** Gives back all of it; returns when the tap is gone. Idempotent. */
    public void detach(Endpoint endpoint) {
        lock.lock();
        try {
            live.remove(endpoint.sandboxId());
            try {
                firewall.withdraw(rules(endpoint));
            } finally {
                hostPorts.release(endpoint);
            }
        } finally {
            lock.unlock();
        }
        deleteTap(endpoint.tap(), endpoint.sandboxId());
    }

    /**
     * After a start: takes over {@code stillUsed}, and removes taps, ports and rules of ours that nobody uses any more.
     * Others' stay.
     */
    public void reconcile(Collection<Endpoint> stillUsed) {
        lock.lock();
        try (FileLock _ = lockFile();
                Netlink netlink = Netlink.open()) {
            hostPorts.releaseAll();
            live.clear();
            stillUsed.forEach(endpoint -> live.put(endpoint.sandboxId(), endpoint));
            Set<String> taps = stillUsed.stream().map(Endpoint::tap).collect(Collectors.toSet());
            for (Link link : netlink.links()) {
                if (isAbandoned(link, taps)) {
                    LOG.info("network {}: removing the abandoned tap {}", config.bridge(), link.name());
                    netlink.deleteLink(link.name());
                }
            }
            stillUsed.forEach(this::holdAgain);
            try {
                if (!stillUsed.isEmpty()) {
                    replug(netlink, taps);
                }
                if (!stillUsed.isEmpty() || firewall.stands()) {
                    installRules(netlink);
                }
            } catch (HakoException e) {
                // The containers run on; the next attach tries again and tells the user.
                LOG.warn("network {}: {}", config.bridge(), e.getMessage());
            }
        } finally {
            lock.unlock();
        }
    }

    /** Takes bridge and rules away if no tap, of whichever daemon, is on it: for uninstalling. False if one is. */
    public boolean remove() {
        lock.lock();
        try (FileLock _ = lockFile();
                Netlink netlink = Netlink.open()) {
            if (!leases(netlink).isEmpty()) {
                return false;
            }
            firewall.remove();
            netlink.deleteLink(config.bridge());
            installed = false;
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Lets go of the held ports; containers keep their network. */
    @Override
    public void close() {
        lock.lock();
        try {
            hostPorts.releaseAll();
        } finally {
            lock.unlock();
        }
    }

    private int plug(Netlink netlink, Link hako, Lease wanted, Undo undo) {
        int address = freeAddress(netlink);
        String tap = wanted.tap();
        try {
            Tap.create(tap, config.tapOwner());
        } catch (LinuxException e) {
            if (e.errno() != Errno.EBUSY || live.containsKey(wanted.sandboxId())) {
                throw e;
            }
            // Of an attach whose daemon was killed before anybody knew of it.
            deleteTap(tap, wanted.sandboxId());
            Tap.create(tap, config.tapOwner());
        }
        undo.add(() -> netlink.deleteLink(tap));
        bridge.silence(tap);
        netlink.change(tap)
                .alias(new Lease(owner, wanted.sandboxId(), address, tap).alias())
                .mtu(config.mtu())
                .master(hako)
                .up()
                .apply();
        bridge.admit(netlink, tap);
        return address;
    }

    private int freeAddress(Netlink netlink) {
        Set<Integer> used = leases(netlink).stream().map(Lease::address).collect(Collectors.toSet());
        Subnet subnet = config.subnet();
        int size = subnet.last() - subnet.first() + 1;
        for (int i = 1; i <= size; i++) {
            int candidate = subnet.first() + Math.floorMod(last - subnet.first() + i, size);
            if (!used.contains(candidate)) {
                return candidate;
            }
        }
        throw new HakoException(
                HakoException.Kind.RESOURCES,
                HakoException.Code.NO_SPACE,
                "attach to network " + config.bridge() + ": all " + size + " addresses of " + subnet
                        + " are in use; stop a container or choose a larger network.subnet");
    }

    private List<Lease> leases(Netlink netlink) {
        return netlink.links().stream()
                .flatMap(link -> Lease.of(link).stream())
                .filter(lease -> config.subnet().contains(lease.address()))
                .toList();
    }

    /**
     * Ours and not used; or made and not yet noted whose it is, which, the lock being ours, nobody is about to do.
     */
    private boolean isAbandoned(Link link, Set<String> used) {
        if (used.contains(link.name()) || !link.kind().equals("tun")) {
            return false;
        }
        return Lease.of(link)
                .map(lease -> lease.owner().equals(owner) && config.subnet().contains(lease.address()))
                .orElseGet(
                        () -> TAP.matcher(link.name()).matches() && link.alias().isEmpty() && link.masterIndex() == 0);
    }

    private void holdAgain(Endpoint endpoint) {
        try {
            hostPorts.hold(endpoint.sandboxId(), endpoint.ports());
        } catch (HakoException e) {
            // The container still gets what comes to it; the other program gets nothing.
            LOG.warn("sandbox {}: {}", endpoint.sandboxId(), e.getMessage());
        }
    }

    /** Puts taps back on a bridge that somebody removed. */
    private void replug(Netlink netlink, Set<String> taps) {
        Link hako = bridge.ensure(netlink);
        for (Link link : netlink.links()) {
            if (taps.contains(link.name()) && link.masterIndex() != hako.index()) {
                netlink.change(link).master(hako).up().apply();
                bridge.admit(netlink, link.name());
            }
        }
    }

    private void ensureRules() {
        if (installed && firewall.stands()) {
            return;
        }
        try (Netlink netlink = Netlink.open()) {
            installRules(netlink);
        }
    }

    private void installRules(Netlink netlink) {
        boolean stood = firewall.stands();
        firewall.install();
        new ForwardPolicy(config.bridge()).letThrough();
        Set<Firewall.Rule> wanted =
                live.values().stream().flatMap(e -> rules(e).stream()).collect(Collectors.toSet());
        if (stood) {
            Set<Integer> others = leases(netlink).stream()
                    .filter(lease -> !lease.owner().equals(owner))
                    .map(Lease::address)
                    .collect(Collectors.toSet());
            firewall.reconcile(wanted, others::contains);
        } else {
            firewall.publish(wanted);
        }
        installed = true;
    }

    private static List<Firewall.Rule> rules(Endpoint endpoint) {
        return endpoint.ports().stream()
                .map(port -> new Firewall.Rule(port, endpoint.ip()))
                .toList();
    }

    private Endpoint endpoint(String sandboxId, String tap, int address, List<PortMapping> ports) {
        return new Endpoint(
                sandboxId,
                tap,
                Subnet.mac(address),
                Subnet.text(address) + "/" + config.subnet().prefix(),
                Subnet.text(config.subnet().gateway()),
                config.mtu(),
                resolvers.servers(),
                ports);
    }

    /**
     * Removes a tap if it is this daemon's and this sandbox's. The kernel takes some 15 ms: not on a carrier thread.
     */
    private void deleteTap(String tap, String sandboxId) {
        OwnThread.call("delete-" + tap, () -> {
            try (Netlink netlink = Netlink.open()) {
                return netlink.link(tap)
                        .flatMap(Lease::of)
                        .filter(lease ->
                                lease.owner().equals(owner) && lease.sandboxId().equals(sandboxId))
                        .map(_ -> netlink.deleteLink(tap))
                        .orElse(false);
            }
        });
    }

    /** One for the host, whichever the bridge: a tap between its making and its lease has no bridge to tell it by. */
    private FileLock lockFile() {
        try {
            Files.createDirectories(config.lockDirectory());
        } catch (IOException e) {
            throw new HakoException(
                    HakoException.Kind.EXTERNAL,
                    HakoException.Code.UNAVAILABLE,
                    "create " + config.lockDirectory() + ": " + e.getMessage(),
                    e);
        }
        return FileLock.acquire(config.lockDirectory().resolve("hako-network.lock"), LOCK_PATIENCE);
    }

    /**
     * {@code hk} and 12 hexadecimal digits: of the id where it has them, else of its digest. Names have at most 15
     * characters.
     */
    static String tapName(String sandboxId) {
        String digits = HEX_ID.matcher(sandboxId).matches() ? sandboxId : digest(sandboxId);
        return "hk" + digits.substring(0, NAME_DIGITS);
    }

    private static String digest(String text) {
        try {
            MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
            return HexFormat.of().formatHex(sha256.digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
