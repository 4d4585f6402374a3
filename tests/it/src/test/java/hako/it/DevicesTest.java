package hako.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Devices of the host in the containers of {@code hako-runtime}. */
@VmTest
class DevicesTest {
    @RegisterExtension
    static final SharedNode shared = SharedNode.create();

    private static final String DENY = "{\"allow\": false, \"access\": \"rwm\"}";
    private static final String ALLOW = "{\"allow\": true, \"access\": \"rwm\"}";

    private final HakoNode node = shared.node();
    private final Bundle bundle = Bundle.script("");

    @AfterEach
    void nothingIsLeft() {
        runtime("list", "--quiet").lines().forEach(id -> runtime("delete", "--force", id));
        node.awaitNoTraces();
        bundle.close();
    }

    private Result runtime(String... arguments) {
        return node.runtime(arguments).run();
    }

    private static String device(String path, String type, int major, int minor) {
        return "{\"path\": \"%s\", \"type\": \"%s\", \"major\": %d, \"minor\": %d, \"fileMode\": 438, \"uid\": 5, \"gid\": 6}"
                .formatted(path, type, major, minor);
    }

    private static String block(String path, LoopDevice disk) {
        return device(path, "b", disk.major(), disk.minor());
    }

    private static String rule(LoopDevice disk, String access) {
        return "{\"allow\": true, \"type\": \"b\", \"major\": %d, \"minor\": %d, \"access\": \"%s\"}"
                .formatted(disk.major(), disk.minor(), access);
    }

    private Bundle with(List<String> devices, List<String> rules, String script) {
        return with(bundle, devices, rules, script);
    }

    private static Bundle with(Bundle bundle, List<String> devices, List<String> rules, String script) {
        return bundle.runs("sh", "-c", script)
                .edit(
                        "\"namespaces\":",
                        "\"devices\": [%s], \"resources\": {\"devices\": [%s]}, \"namespaces\":"
                                .formatted(String.join(", ", devices), String.join(", ", rules)));
    }

    private Result run(List<String> devices, List<String> rules, String script) {
        with(devices, rules, script);
        return runtime("run", "--bundle", bundle.folder().toString(), "web");
    }

    /** Runs until it is deleted. */
    private void start(Bundle started, String id) {
        node.unheardRuntime("run", "--detach", "--bundle", started.folder().toString(), id)
                .run()
                .ok();
    }

    @Test
    void aBlockDeviceIsADiskOfTheGuestAtTheContainersPath() {
        try (LoopDevice disk = LoopDevice.create()) {
            disk.write("from the host");
            Result result = run(
                    List.of(block("/dev/xvdc", disk), block("/dev/same", disk)),
                    List.of(DENY, rule(disk, "rw")),
                    "stat -c '%F %a %u %g' /dev/xvdc; head -c 13 /dev/same; echo; wc -c </dev/xvdc;"
                            + " printf 'from the guest' >/dev/xvdc");
            assertThat(result.ok().lines())
                    .containsExactly("block special file 666 5 6", "from the host", Long.toString(LoopDevice.BYTES));
            assertThat(disk.read(14)).isEqualTo("from the guest");
        }
    }

    @Test
    void whatMayOnlyBeReadIsNotWritten() {
        try (LoopDevice disk = LoopDevice.create();
                LoopDevice sealed = LoopDevice.readOnly()) {
            disk.write("from the host");
            Result result = run(
                    List.of(block("/dev/xvdc", disk), block("/dev/xvdd", sealed)),
                    List.of(DENY, rule(disk, "r"), rule(sealed, "rwm")),
                    "head -c 13 /dev/xvdc; echo x >/dev/xvdc; wc -c </dev/xvdd; echo x >/dev/xvdd");
            assertThat(result.exitCode()).isNotZero();
            assertThat(result.out()).isEqualTo("from the host" + LoopDevice.BYTES + "\n");
            assertThat(result.err())
                    .contains("can't create /dev/xvdc: Operation not permitted")
                    .contains("write error: Operation not permitted");
            assertThat(disk.read(13)).isEqualTo("from the host");
        }
    }

    @Test
    void whatWasWrittenToItsFileSystemIsOnTheHostWhenTheContainerHasEnded() {
        try (LoopDevice disk = LoopDevice.create().withFileSystem()) {
            with(
                            List.of(block("/dev/xvdc", disk)),
                            List.of(DENY, rule(disk, "rwm")),
                            "mkdir /disk && mount -t ext4 /dev/xvdc /disk && echo kept >/disk/file")
                    .edit("CAP_NET_RAW", "CAP_SYS_ADMIN");
            runtime("run", "--bundle", bundle.folder().toString(), "web").ok();
            assertThat(disk.file("file")).isEqualTo("kept\n");
        }
    }

    @Test
    void aRateIsThatOfTheDiskInTheGuestAndOfNoOther() {
        try (LoopDevice disk = LoopDevice.create();
                LoopDevice other = LoopDevice.create()) {
            String cgroup = "{\"destination\": \"/cgroup\", \"type\": \"cgroup\", \"source\": \"cgroup\"}";
            with(List.of(block("/dev/xvdc", disk)), List.of(DENY, rule(disk, "rw")), "exec sleep 1000")
                    .edit("\"mounts\": [", "\"mounts\": [" + cgroup + ",")
                    .edit("\"resources\": {", "\"resources\": {%s, ".formatted(rates(1, disk, other)));
            start(bundle, "web");

            String number = exec("stat -c '%t:%T' /dev/xvdc").strip();
            int major = Integer.parseInt(number.split(":")[0], 16);
            int minor = Integer.parseInt(number.split(":")[1], 16);
            assertThat(exec("cat /cgroup/io.max"))
                    .isEqualTo("%d:%d rbps=1048576 wbps=max riops=max wiops=max\n".formatted(major, minor));

            node.runtime("update", "--resources", "-", "web")
                    .input("{%s}".formatted(rates(2, disk, other)))
                    .run()
                    .ok();
            assertThat(exec("cat /cgroup/io.max")).contains("rbps=2097152").hasLineCount(1);
        }
    }

    private static String rates(int mib, LoopDevice... disks) {
        String rates = Stream.of(disks)
                .map(disk ->
                        "{\"major\": %d, \"minor\": %d, \"rate\": %d}".formatted(disk.major(), disk.minor(), mib << 20))
                .collect(Collectors.joining(", "));
        return "\"blockIO\": {\"throttleReadBpsDevice\": [%s]}".formatted(rates);
    }

    private String exec(String script) {
        return runtime("exec", "web", "sh", "-c", script).ok().out();
    }

    @Test
    void whatIsWrittenIsOneVmsAlone() {
        try (LoopDevice disk = LoopDevice.create().withFileSystem();
                Bundle other = Bundle.script("")) {
            List<String> devices = List.of(block("/dev/xvdc", disk));
            List<String> writes = List.of(DENY, rule(disk, "rw"));
            List<String> reads = List.of(DENY, rule(disk, "r"));
            start(with(devices, writes, "exec sleep 1000"), "web");
            with(other, devices, writes, "true");
            String folder = other.folder().toString();
            assertThat(runtime("run", "--bundle", folder, "other").exits(1).err())
                    .contains("open block device 7:" + disk.minor())
                    .contains("another VM writes to it");
            with(other, devices, reads, "head -c 1 /dev/xvdc | wc -c");
            assertThat(runtime("run", "--bundle", folder, "other").ok().out()).isEqualTo("1\n");

            node.killDaemon();
            runtime("exec", "web", "sh", "-c", "printf written >/dev/xvdc").ok();
            with(other, devices, writes, "true");
            assertThat(runtime("run", "--bundle", folder, "other").exits(1).err())
                    .contains("another VM writes to it");
            runtime("delete", "--force", "web").ok();
            assertThat(disk.read(7)).isEqualTo("written");
            runtime("run", "--bundle", folder, "other").ok();
        }
    }

    @Test
    void whatIsMountedOnTheHostIsOnlyRead() {
        try (LoopDevice disk = LoopDevice.create().withFileSystem()) {
            Path place = Temporary.folder("mnt");
            Command.of("mount", disk.path().toString(), place.toString()).run().ok();
            try {
                List<String> devices = List.of(block("/dev/xvdc", disk));
                assertThat(run(devices, List.of(DENY, rule(disk, "rw")), "true")
                                .exits(1)
                                .err())
                        .contains("the host has it mounted");
                assertThat(run(devices, List.of(DENY, rule(disk, "r")), "wc -c </dev/xvdc")
                                .ok()
                                .out())
                        .isEqualTo(LoopDevice.BYTES + "\n");
            } finally {
                Command.of("umount", place.toString()).run().ok();
                Temporary.delete(place);
            }
        }
    }

    @Test
    void whatCannotBeGivenIsRefusedWithTheReason() {
        assertThat(run(
                                List.of(device("/dev/xvdc", "b", 7, 1000000)),
                                List.of(ALLOW),
                                "stat -c '%t:%T' /dev/xvdc; head -c 1 /dev/xvdc")
                        .exits(1))
                .satisfies(gone -> assertThat(gone.out()).isEqualTo("7:f4240\n"))
                .satisfies(gone -> assertThat(gone.err()).contains("No such device or address"));
        assertThat(run(List.of(device("/dev/xvdc", "b", 70000, 1)), List.of(DENY), "true")
                        .exits(1)
                        .err())
                .contains("device /dev/xvdc: 70000 is no number of a device");
        assertThat(run(List.of(hostsOwn("/dev/mine")), List.of(DENY), "true")
                        .exits(1)
                        .err())
                .contains("make device /dev/mine: the VM has no such device");
        List<LoopDevice> many =
                IntStream.range(0, 9).mapToObj(i -> LoopDevice.create()).toList();
        try {
            List<String> devices = many.stream()
                    .map(disk -> block("/dev/many" + disk.minor(), disk))
                    .toList();
            assertThat(run(devices, List.of(DENY), "true").exits(1).err())
                    .contains("9 block devices of the host: a VM takes 8 at most");
            List<String> rules = Stream.concat(Stream.of(DENY), many.stream().map(disk -> rule(disk, "rw")))
                    .toList();
            String script = "for d in /dev/many*; do head -c 512 $d; done | wc -c";
            assertThat(run(devices.subList(1, 9), rules, script).ok().out()).isEqualTo("4096\n");
        } finally {
            many.forEach(LoopDevice::close);
        }
        assertThat(runtime("list", "-q").ok().out()).isEmpty();
    }

    /** A character device that this host has and a guest has not. */
    private static Path hostsOwn() {
        return Stream.of("kvm", "autofs", "btrfs-control", "ppp", "uinput")
                .map(name -> Path.of("/dev", name))
                .filter(Files::exists)
                .findFirst()
                .orElseThrow();
    }

    private static String hostsOwn(String path) {
        String[] numbers = Command.of("stat", "-c", "%Hr %Lr", hostsOwn().toString())
                .run()
                .ok()
                .out()
                .strip()
                .split(" ");
        return device(path, "c", Integer.parseInt(numbers[0]), Integer.parseInt(numbers[1]));
    }

    @Test
    void aCharacterDeviceThatEveryKernelHasIsTheGuestsOwn() {
        Result result = run(
                List.of(
                        device("/dev/tunnel", "c", 10, 200),
                        device("/dev/fuse", "c", 10, 229),
                        device("/dev/p", "p", 0, 0)),
                List.of(DENY, "{\"allow\": true, \"type\": \"c\", \"major\": 10, \"minor\": 200, \"access\": \"rwm\"}"),
                ": <>/dev/tunnel && echo opened; [ -c /dev/fuse ] && [ -p /dev/p ] && echo there; (: </dev/fuse) || echo closed");
        assertThat(result.ok().lines()).containsExactly("opened", "there", "closed");
    }

    @Test
    void aPrivilegedContainerHasTheGuestsDevicesAndOfTheHostsWhatItWasGiven() {
        try (LoopDevice disk = LoopDevice.create();
                LoopDevice given = LoopDevice.create()) {
            given.write("given");
            List<String> devices = Stream.of(
                            block(disk.path().toString(), disk),
                            block("/dev/xvdc", given),
                            device("/dev/fuse", "c", 10, 229),
                            device("/dev/null", "c", 1, 3),
                            hostsOwn(hostsOwn().toString()))
                    .toList();
            Result result = run(
                    devices,
                    List.of(ALLOW),
                    "head -c 5 /dev/xvdc; echo; printf back! >/dev/xvdc; [ -c /dev/fuse ] && [ -c /dev/null ] && echo there; ls -d %s %s"
                            .formatted(disk.path(), hostsOwn()));
            assertThat(result.lines()).containsExactly("given", "there");
            assertThat(result.err()).contains(disk.path() + ": No such file");
            assertThat(given.read(5)).isEqualTo("back!");
        }
    }
}
