package hako.vm;

import static org.assertj.core.api.Assertions.assertThat;

import hako.base.HakoException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(20)
class TemplateSourceTest {
    private static final VmSpec SMALL = new VmSpec("a", Path.of("/x"), 1, 1 << 20, List.of(), false);
    private static final VmSpec LARGE = new VmSpec("b", Path.of("/x"), 2, 1 << 20, List.of(), false);
    private static final VmSpec WITH_DISK = new VmSpec(
            "c", Path.of("/x"), 1, 1 << 20, List.of(new Device.Disk("root", Path.of("/image"), true)), false);

    private static final VmSpec WITH_SHARES = new VmSpec("d", Path.of("/x"), 1, 1 << 20, List.of(), true);

    @TempDir
    Path directory;

    private final Driver driver = new Driver();
    private TemplateSource source;

    private TemplateSource source() {
        source = new TemplateSource(driver, driver::launch, directory, vm -> {});
        return source;
    }

    @AfterEach
    void close() {
        source.close();
    }

    private String acquire(VmSpec spec) {
        return ((ScriptedVm) source.acquire(spec)).origin();
    }

    /** Ends the VM it was asked with, and waits for the template that this is the sign for. */
    private void acquireFirst(VmSpec spec) throws Exception {
        assertThat(acquire(spec)).isEqualTo("booted");
        awaitSave(spec);
        while (!acquire(spec).equals("cloned")) {
            Thread.onSpinWait(); // it is saved, and kept in a moment
        }
    }

    @Test
    void whatSharesDirectoriesHasATemplateOfItsOwn() throws Exception {
        source();
        acquireFirst(SMALL);
        assertThat(acquire(WITH_SHARES)).isEqualTo("booted");
        assertThat(awaitSave(WITH_SHARES).sharesDirectories()).isTrue();
    }

    @Test
    void theFirstIsBootedAndTheOthersAreCloned() throws Exception {
        source();
        acquireFirst(SMALL);
        assertThat(acquire(SMALL)).isEqualTo("cloned");
    }

    @Test
    void aGuestThatDoesNotAnswerIsNoExample() throws Exception {
        source = new TemplateSource(driver, driver::launch, directory, vm -> {
            throw Driver.refusal();
        });
        ((ScriptedVm) source.acquire(SMALL)).kill();
        assertThat(driver.saved.poll(100, TimeUnit.MILLISECONDS)).isNull();
    }

    @Test
    void eachShapeHasATemplateOfItsOwn() throws Exception {
        source();
        acquireFirst(SMALL);
        acquireFirst(LARGE);
        acquireFirst(WITH_DISK);
        assertThat(List.of(acquire(SMALL), acquire(LARGE), acquire(WITH_DISK))).containsOnly("cloned");
    }

    @Test
    void whatCannotBeClonedIsBootedAndTheTemplateMadeAgain() throws Exception {
        source();
        acquireFirst(SMALL);
        driver.broken = true;
        assertThat(acquire(SMALL)).isEqualTo("booted");
        driver.broken = false;
        awaitSave(SMALL);
    }

    @Test
    void aTemplateOfAnotherKernelIsNotUsed() throws Exception {
        source();
        acquireFirst(SMALL);
        driver.stale = true;
        assertThat(acquire(SMALL)).isEqualTo("booted");
    }

    @Test
    void whatFailsAgainAndAgainIsNotTriedForEver() throws Exception {
        driver.unsaveable = true;
        source();
        awaitSave(SMALL);
        awaitSave(SMALL);
        while (Files.list(directory).findAny().isPresent()) {
            Thread.onSpinWait();
        }
        for (int i = 0; i < 10; i++) {
            ((ScriptedVm) source.acquire(SMALL)).kill();
        }
        assertThat(driver.saved.poll(100, TimeUnit.MILLISECONDS)).isNull();
    }

    /** Asks for VMs, and ends them, until a template is made once more. */
    private VmSpec awaitSave(VmSpec spec) throws Exception {
        VmSpec saved = null;
        while (saved == null) {
            ((ScriptedVm) source.acquire(spec)).kill();
            saved = driver.saved.poll(50, TimeUnit.MILLISECONDS);
        }
        return saved;
    }

    @Test
    void fiveShapesAreOneTooManyAndTheOneUsedLongestAgoGoes() {
        source();
        for (int cpus = 1; cpus <= 5; cpus++) {
            source.prepare(new VmSpec("x" + cpus, Path.of("/x"), cpus, 1 << 20, List.of(), false));
            assertThat(acquire(SMALL)).isEqualTo("cloned");
        }
        assertThat(source.templates()).extracting(kept -> kept.shape().vcpus()).containsExactlyInAnyOrder(1, 3, 4, 5);
        source.clear();
        assertThat(source.templates()).isEmpty();
    }

    @Test
    void aTemplateThatCannotBeMadeLeavesNothingBehind() throws Exception {
        driver.unsaveable = true;
        source();
        ScriptedVm first = (ScriptedVm) source.acquire(SMALL);
        first.kill();
        assertThat(driver.saved.poll(10, TimeUnit.SECONDS)).isNotNull();
        while (Files.list(directory).findAny().isPresent()) {
            Thread.onSpinWait();
        }
        assertThat(acquire(SMALL)).isEqualTo("booted");
    }

    @Test
    void whatIsToBePreparedIsSoOnceItWasAskedForTwice() throws Exception {
        source();
        acquireFirst(SMALL);
        VmSpec wanted = wanting(new Recipe("a web server"));
        assertThat(acquire(wanted)).isEqualTo("cloned");
        awaitPrepared(wanted);
        assertThat(Recipe.carriedOut).containsExactly("a web server");
        assertThat(acquire(wanting(new Recipe("a web server")))).isEqualTo("prepared");
        assertThat(acquire(wanting(new Recipe("a database")))).isEqualTo("cloned");
    }

    @Test
    void aPreparedTemplateThatCannotBeClonedGivesWayToThePlainOne() throws Exception {
        source();
        acquireFirst(SMALL);
        VmSpec wanted = wanting(new Recipe("a web server"));
        awaitPrepared(wanted);
        driver.brokenWhenPrepared = true;
        assertThat(acquire(wanted)).isEqualTo("cloned");
    }

    /** Ends what it asks for until it is a clone of a prepared one. */
    private void awaitPrepared(VmSpec wanted) {
        ScriptedVm vm = (ScriptedVm) source.acquire(wanted);
        while (!vm.origin().equals("prepared")) {
            vm.kill();
            vm = (ScriptedVm) source.acquire(wanted);
        }
    }

    private static VmSpec wanting(Preparation preparation) {
        Recipe.carriedOut.clear();
        return new VmSpec("p", Path.of("/x"), 1, 1 << 20, List.of(), false, 0, preparation);
    }

    private record Recipe(String what) implements Preparation {
        static final java.util.Queue<String> carriedOut = new java.util.concurrent.ConcurrentLinkedQueue<>();

        @Override
        public List<Device> devices(Path directory) {
            return List.of();
        }

        @Override
        public void carryOut(Vm vm) {
            carriedOut.add(what);
        }
    }

    private static final class Driver implements VmDriver {
        final BlockingQueue<VmSpec> saved = new LinkedBlockingQueue<>();
        volatile boolean broken;
        volatile boolean unsaveable;
        volatile boolean stale;
        volatile boolean brokenWhenPrepared;

        @Override
        public String name() {
            return "scripted";
        }

        @Override
        public boolean emulates() {
            return true;
        }

        @Override
        public Vm launch(VmSpec spec) {
            return new ScriptedVm(spec.id(), "booted");
        }

        @Override
        public VmTemplate save(VmSpec spec, Consumer<Vm> ready) {
            ready.accept(new ScriptedVm(spec.id(), "template"));
            saved.add(spec);
            if (unsaveable) {
                throw refusal();
            }
            return new VmTemplate() {
                @Override
                public Vm launch(VmSpec clone) {
                    if (broken) {
                        throw refusal();
                    }
                    if (brokenWhenPrepared && clone.preparation() != null) {
                        throw refusal();
                    }
                    return new ScriptedVm(clone.id(), clone.preparation() == null ? "cloned" : "prepared");
                }

                @Override
                public boolean isStale() {
                    return stale;
                }

                @Override
                public void close() {
                    stale = false;
                }
            };
        }

        private static HakoException refusal() {
            return new HakoException(HakoException.Kind.EXTERNAL, HakoException.Code.VM_FAILED, "as the test wants it");
        }

        @Override
        public Optional<Vm> adopt(VmRecord record) {
            return Optional.empty();
        }
    }

    private record ScriptedVm(String id, String origin, CompletableFuture<VmExit> exited) implements Vm {
        ScriptedVm(String id, String origin) {
            this(id, origin, new CompletableFuture<>());
        }

        @Override
        public VmRecord record() {
            throw new UnsupportedOperationException();
        }

        @Override
        public hako.ttrpc.TtrpcClient agent() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void plug(Device device) {}

        @Override
        public void unplug(String deviceId) {}

        @Override
        public void replace(Device.Disk disk) {}

        @Override
        public long resize(long memoryBytes) {
            return memoryBytes;
        }

        @Override
        public long residentBytes() {
            return 0;
        }

        @Override
        public void pause() {}

        @Override
        public void resume() {}

        @Override
        public void kill() {
            exited.complete(new VmExit(VmExit.Cause.ASKED, "killed"));
        }

        @Override
        public void end(String reason) {
            kill();
        }

        @Override
        public String console(int maxBytes) {
            return "";
        }
    }
}
