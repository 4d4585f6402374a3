package hako.it;

import static hako.it.Reaper.exitCode;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The network namespace that {@code hako-runtime} is given, and its links, which are the guest's. */
@VmTest
class RuntimeLinksTest {
    @RegisterExtension
    static final SharedNode shared = SharedNode.create();

    private static final Reaper reaper = new Reaper();
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final String LINKS = "sed -n 's/ *\\([^ ]*\\):.*/\\1/p' /proc/net/dev | sort";

    private final HakoNode node = shared.node();
    private final List<Bundle> bundles = new ArrayList<>();

    @AfterEach
    void nothingIsLeft() {
        node.runtime("list", "--quiet").run().lines().forEach(id -> runtime("delete", "--force", id));
        node.awaitNoTraces();
        bundles.forEach(Bundle::close);
    }

    @AfterAll
    static void removeReaper() {
        reaper.close();
    }

    private Bundle bundle(String script) {
        Bundle bundle = Bundle.script(script);
        bundles.add(bundle);
        return bundle;
    }

    private Result runtime(String... arguments) {
        return node.runtime(arguments).run();
    }

    private Running create(Bundle bundle, String id) {
        return reaper.create(node, bundle, id, bundle.folder());
    }

    private String guest(String script) {
        return runtime("exec", "web", "sh", "-c", script).ok().out();
    }

    private void awaitGuest(String script, String... says) {
        Await.until(
                "the guest to say " + String.join(", ", says),
                SOON,
                () -> Stream.of(says).allMatch(guest(script)::contains),
                () -> guest(script));
    }

    @Test
    void theLinksOfItsNetworkNamespaceAreTheGuests() {
        try (Cable cable = Cable.connect(node, 1400)) {
            Bundle bundle = bundle("").in(cable.namespace());
            bundle.runs("sh", "-c", "ip route; ip link show eth7; ping -c 1 -W 5 10.9.8.1");
            try (Running monitor = create(bundle, "web")) {
                runtime("start", "web").ok();
                Result result = monitor.await();
                assertThat(exitCode(result, bundle.pid())).as(result.toString()).isZero();
                assertThat(result.out())
                        .contains("default via 10.9.8.1 dev eth7")
                        .contains("mtu 1400")
                        .contains("02:00:00:00:00:07")
                        .contains("1 packets received");
            }
        }
    }

    @Test
    void aLinkWiredBetweenCreateAndStartIsTheGuests() {
        try (Cable cable = Cable.none(node)) {
            Bundle bundle = bundle("").in(cable.namespace());
            bundle.runs("ping", "-c", "1", "-W", "5", "10.9.8.1");
            try (Running monitor = create(bundle, "web")) {
                cable.lay(1500);
                cable.address();
                runtime("start", "web").ok();
                assertThat(exitCode(monitor.await(), bundle.pid())).isZero();
            }
        }
    }

    @Test
    void aLinkThatComesChangesAndGoesWhileItRunsDoesSoInTheGuest() {
        try (Cable cable = Cable.none(node)) {
            Bundle bundle = bundle("").in(cable.namespace());
            bundle.runs("sleep", "1000");
            try (Running monitor = create(bundle, "web")) {
                runtime("start", "web").ok();
                assertThat(guest(LINKS).strip()).isEqualTo("lo");
                cable.lay(1400);
                cable.address();
                awaitGuest("ip route; ip link show eth7", "default via 10.9.8.1 dev eth7", "mtu 1400");
                guest("ping -c 1 -W 5 10.9.8.1");

                cable.near(
                        "ip link set eth7 mtu 1300; ip addr add 10.9.8.8/24 dev eth7; ip route add 10.6.0.0/16 via 10.9.8.1");
                awaitGuest("ip addr show eth7; ip route", "mtu 1300", "10.9.8.8/24", "10.6.0.0/16");
                cable.near("ip addr del 10.9.8.8/24 dev eth7; ip route del 10.6.0.0/16");
                awaitGuest("ip addr show eth7 | grep -c inet.10; ip route | grep -c 10.6; true", "1\n0\n");

                cable.near("ip link set eth7 down");
                awaitGuest("ip link show eth7", "<BROADCAST,MULTICAST> ");
                cable.near("ip link set eth7 name eth8 address 02:00:00:00:00:08");
                cable.near("ip link set eth8 up; ip route add default via 10.9.8.1 dev eth8");
                awaitGuest("ip route; ip link show eth8", "default via 10.9.8.1 dev eth8", "02:00:00:00:00:08");
                guest("ping -c 1 -W 5 10.9.8.1");

                cable.near("ip link del eth8");
                awaitGuest(LINKS, "lo\n");
                assertThat(cable.near("ls /sys/class/net").strip())
                        .as("no tap is left")
                        .isEqualTo("lo");
                assertThat(monitor.isAlive()).isTrue();
            }
        }
    }

    @Test
    void linksThatComeAndGoWhileNoDaemonRunsDoSoWithTheNext() {
        try (Cable cable = Cable.connect(node, 1500)) {
            Bundle bundle = bundle("").in(cable.namespace());
            bundle.runs("sleep", "1000");
            cable.near("ip link add eth6 type veth peer name other netns " + cable.farName());
            cable.near("ip addr add 10.5.5.7/24 dev eth6; ip link set eth6 up");
            try (Running monitor = create(bundle, "web")) {
                runtime("start", "web").ok();
                awaitGuest("ip addr", "10.5.5.7/24", "10.9.8.7/24");
                node.daemons().forEach(pid -> Processes.signal(pid, "STOP"));
                cable.near("ip link del eth6; ip addr add 10.9.8.8/24 dev eth7");
                cable.near("ip link add eth5 type veth peer name third netns " + cable.farName());
                cable.near("ip addr add 10.4.4.7/24 dev eth5; ip link set eth5 up");
                node.killDaemon();
                awaitGuest(LINKS + "; ip addr", "eth5\neth7\nlo\n", "10.9.8.8/24", "10.4.4.7/24");
                guest("ping -c 1 -W 5 10.9.8.1");
                cable.near("ip link del eth5");
                awaitGuest(LINKS, "eth7\nlo\n");
                assertThat(monitor.isAlive()).isTrue();
            }
        }
    }

    @Test
    void moreLinksThanAGuestCanHaveAreSaidInTheLog() {
        try (Cable cable = Cable.none(node)) {
            Bundle bundle = bundle("").in(cable.namespace());
            bundle.runs("sleep", "1000");
            cable.near(
                    "for i in 0 1 2 3 4 5; do ip link add eth$i type veth peer name f$i; ip link set eth$i up; done");
            cable.near("for i in 0 1 2 3 4 5; do ip link set f$i netns %s; done".formatted(cable.farName()));
            try (Running monitor = create(bundle, "web")) {
                runtime("start", "web").ok();
                cable.near("ip link add eth6 type veth peer name f6 netns %s; ip link set eth6 up"
                        .formatted(cable.farName()));
                Await.until("a warning", SOON, () -> node.log().contains("links [eth6] of its network namespace"));
                assertThat(guest(LINKS)).isEqualTo("eth0\neth1\neth2\neth3\neth4\neth5\nlo\n");
                cable.near("ip link del eth2");
                awaitGuest(LINKS, "eth0\neth1\neth3\neth4\neth5\neth6\nlo\n");
                assertThat(monitor.isAlive()).isTrue();
            }
        }
    }

    @Test
    void containersOfOneNetworkNamespaceShareAVmWithItsLinks() {
        try (Cable cable = Cable.lay(node, 1500)) {
            cable.near("ip addr add 10.1.2.3/32 dev eth7 && ip link set eth7 up");
            cable.near("ip route add 169.254.77.7 dev eth7 && ip route add default via 169.254.77.7 dev eth7");
            cable.far("ip addr add 169.254.77.7/32 dev far && ip link set far up");
            cable.far("ip route add 10.1.2.3 dev far");
            String script = "ping -c 1 -W 5 169.254.77.7 && read line";
            Bundle first = bundle(script).in(cable.namespace());
            Bundle second = bundle(script).in(cable.namespace());
            first.runs("sh", "-c", script);
            second.runs("sh", "-c", script);
            try (Running one = create(first, "one");
                    Running other = create(second, "other")) {
                runtime("start", "one").ok();
                one.says("1 packets received");
                assertThat(node.vms()).hasSize(1);

                assertThat(exitCode(one.type("end\n").await(), first.pid())).isZero();
                runtime("start", "other").ok();
                other.says("1 packets received");
                assertThat(cable.near("tc qdisc show dev eth7")).contains("ingress");

                assertThat(exitCode(other.type("end\n").await(), second.pid())).isZero();
                Await.until(
                        "the namespace's link to be its own",
                        SOON,
                        () -> !cable.near("tc qdisc show dev eth7").contains("ingress"));
                cable.near(first.root().resolve("bin/busybox") + " ping -c 1 -W 5 169.254.77.7");
            }
        }
    }

    @Test
    void aNamespaceHasItsLinksBackThoughNobodySawTheContainersEnd() {
        try (Cable cable = Cable.connect(node, 1500)) {
            Bundle bundle = bundle("").in(cable.namespace());
            bundle.runs("sleep", "1000");
            try (Running monitor = create(bundle, "web")) {
                runtime("start", "web").ok();
                assertThat(cable.near("tc qdisc show dev eth7")).contains("ingress");
                node.daemons().forEach(pid -> Processes.signal(pid, "STOP"));
                node.vmms().forEach(Processes::kill);
                node.killDaemon();
                assertThat(exitCode(monitor.await(), bundle.pid())).isEqualTo(137);
                assertThat(cable.near("tc qdisc show dev eth7")).doesNotContain("ingress");
            }
        }
    }
}
