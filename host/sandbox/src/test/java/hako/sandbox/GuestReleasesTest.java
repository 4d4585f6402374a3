package hako.sandbox;

import static hako.sandbox.FakeNode.eventually;
import static hako.sandbox.FakeNode.exit;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import hako.base.HakoException;
import hako.vm.Device;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A guest holds nothing of the host's for longer than its VM lives. */
@Timeout(20)
class GuestReleasesTest {
    private static final Duration MOMENT = Duration.ofMillis(100);
    private static final Device DISK = new Device.Disk("disk-8-0", Path.of("/dev/null"), false);

    @TempDir
    Path directory;

    private final AtomicInteger asked = new AtomicInteger();
    private FakeNode node;
    private Container web;
    private FakeVm vm;
    private ReentrantLock changing;
    private GuestReleases releases;

    @BeforeEach
    void boot() {
        node = new FakeNode(directory);
        web = node.started("web");
        vm = node.vm(web);
        vm.plug(DISK);
        changing = web.sandboxOrNull().changing();
        releases = new GuestReleases(web.id(), vm, changing, MOMENT);
        changing.lock();
    }

    @AfterEach
    void shutDown() throws Exception {
        if (changing.isHeldByCurrentThread()) {
            changing.unlock();
        }
        node.end();
    }

    private void unplug() {
        asked.incrementAndGet();
        vm.unplug(DISK.id());
    }

    @Test
    void aVmWhoseGuestNeverLetsGoIsEndedAndItsContainersAreToldWhy() throws Exception {
        vm.keeps(DISK.id());

        releases.ask(DISK.id(), this::unplug);
        changing.unlock();

        assertThat(exit(web.init()))
                .returns(137, ExitReport::code)
                .returns(
                        "its guest does not let go of disk-8-0, which no container of it has any more",
                        ExitReport::reason);
        assertThat(asked).hasValue(3);
    }

    @Test
    void aGuestThatLetsGoInTheEndIsAskedNoMore() throws Exception {
        vm.keeps(DISK.id());
        releases.ask(DISK.id(), this::unplug);
        releases.ask(DISK.id(), this::unplug);
        vm.keeps("");
        changing.unlock();

        eventually("it is asked again", () -> asked.get() == 3);
        Thread.sleep(MOMENT.multipliedBy(4));

        assertThat(asked).as("by one").hasValue(3);
        assertThat(vm.isDead()).isFalse();
        assertThat(vm.devices()).doesNotContain(DISK);
    }

    @Test
    void whatAnotherHasByNowIsNotTakenFromIt() throws Exception {
        vm.keeps(DISK.id());
        releases.ask(DISK.id(), this::unplug);
        assertThatThrownBy(() -> releases.require(DISK.id(), this::unplug)).isInstanceOf(HakoException.class);
        vm.keeps("");
        releases.require(DISK.id(), this::unplug);
        vm.plug(DISK);
        changing.unlock();

        Thread.sleep(MOMENT.multipliedBy(4));

        assertThat(vm.devices()).contains(DISK);
        assertThat(asked).hasValue(3);
    }

    @Test
    void whatIsNotThereIsLetGoOf() throws Exception {
        releases.ask("other", () -> vm.unplug("other"));
        changing.unlock();

        Thread.sleep(MOMENT.multipliedBy(4));

        assertThat(vm.isDead()).isFalse();
    }
}
