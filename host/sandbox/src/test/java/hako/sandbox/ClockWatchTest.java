package hako.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.MessageLite;
import hako.agent.v1.BindSandboxRequest;
import hako.agent.v1.CreateContainerResponse;
import hako.agent.v1.Empty;
import hako.agent.v1.SetClockRequest;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Guests know what time it is, whatever happens to the host's clock. */
@Timeout(20)
class ClockWatchTest {
    @TempDir
    Path directory;

    private FakeNode node;
    private final Queue<Long> told = new ConcurrentLinkedQueue<>();

    /** Of the clock that only counts; the wall clock of the node goes on by a millisecond at each look. */
    private final AtomicLong counted = new AtomicLong();

    @BeforeEach
    void prepare() {
        node = new FakeNode(directory);
    }

    @AfterEach
    void shutDown() throws Exception {
        node.end();
    }

    /** One that has been told the time. */
    private Container listening(String name) throws Exception {
        node.vms.prepare(vm -> vm.fakeAgent().on("SetClock", this::hear));
        Container container = node.started(name);
        FakeNode.eventually("it is told the time", () -> !told.isEmpty());
        told.clear();
        return container;
    }

    private MessageLite hear(MessageLite request) {
        told.add(((SetClockRequest) request).getClockNs());
        return Empty.getDefaultInstance();
    }

    private ClockWatch watch() {
        return ClockWatch.unstarted(node.sandboxes, node.clock(), counted::get);
    }

    private long now() {
        return Sandbox.nanos(node.clock().instant());
    }

    @Test
    void aJumpOfTheHostsClockIsTheGuestsToo() throws Exception {
        listening("web");
        listening("db");
        ClockWatch watch = watch();

        node.clockJumps(Duration.ofHours(-2));
        watch.look();

        FakeNode.eventually("both are told", () -> told.size() == 2);
        assertThat(told)
                .allSatisfy(time -> assertThat(Duration.ofNanos(now() - time)).isLessThan(Duration.ofSeconds(1)));
        watch.look();
        assertThat(told).as("told once").hasSize(2);
    }

    @Test
    void aHostThatSleptHasMissedTime() throws Exception {
        listening("web");
        ClockWatch watch = watch();

        counted.addAndGet(Duration.ofSeconds(1).toNanos());
        node.clockJumps(Duration.ofHours(8).plusSeconds(1));
        watch.look();

        FakeNode.eventually("it is told", () -> told.size() == 1);
    }

    @Test
    void timeThatPassesIsNoJumpAndStepsAddUp() throws Exception {
        listening("web");
        ClockWatch watch = watch();

        counted.addAndGet(Duration.ofMinutes(1).toNanos());
        node.clockJumps(Duration.ofMinutes(1).plusMillis(60));
        watch.look();
        Thread.sleep(50);
        assertThat(told).isEmpty();
        node.clockJumps(Duration.ofMillis(60));
        watch.look();

        FakeNode.eventually("it is told", () -> told.size() == 1);
    }

    @Test
    void aGuestThatDoesNotAnswerHoldsUpNoOther() throws Exception {
        Container deaf = listening("deaf");
        node.agent(deaf).neverAnswers("SetClock");
        listening("web");
        ClockWatch watch = watch();

        node.clockJumps(Duration.ofDays(1));
        watch.look();

        FakeNode.eventually("the other is told", () -> told.size() == 1);
    }

    @Test
    void aSandboxThatFailsInAnUnforeseenWayKeepsTheTimeFromNoOther() throws Exception {
        Container broken = listening("broken");
        listening("web");
        ClockWatch watch = watch();
        node.vm(broken).breaks(true);

        node.clockJumps(Duration.ofDays(1));
        watch.look();
        FakeNode.eventually("the other is told", () -> told.size() == 1);

        node.vm(broken).breaks(false);
        node.clockJumps(Duration.ofDays(1));
        watch.look();
        FakeNode.eventually("all are told", () -> told.size() == 3);
    }

    @Test
    void aGuestThatTookLongToBootIsToldTheTimeAgain() throws Exception {
        Queue<Long> bound = new ConcurrentLinkedQueue<>();
        node.vms.prepare(vm -> vm.fakeAgent()
                .on("BindSandbox", request -> {
                    bound.add(((BindSandboxRequest) request).getClockNs());
                    return Empty.getDefaultInstance();
                })
                .on("CreateContainer", request -> {
                    node.clockJumps(Duration.ofSeconds(30));
                    return CreateContainerResponse.newBuilder().setPid(2).build();
                })
                .on("SetClock", this::hear));

        node.created("web");

        FakeNode.eventually("it is told again", () -> told.size() == 1);
        assertThat(Duration.ofNanos(told.element() - bound.element())).isGreaterThan(Duration.ofSeconds(29));
    }

    @Test
    void whoIsAdoptedIsToldTheTime() throws Exception {
        listening("web");
        Instant before = node.clock().instant();

        node.clockJumps(Duration.ofHours(1));
        node.restart();

        FakeNode.eventually("it is told", () -> told.size() == 1);
        assertThat(told.element()).isGreaterThan(Sandbox.nanos(before.plus(Duration.ofHours(1))));
    }
}
