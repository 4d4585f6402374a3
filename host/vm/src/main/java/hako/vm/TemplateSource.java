package hako.vm;

import hako.base.HakoException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * VMs cloned from one that was booted once, for each shape (size, devices, preparation) that is asked for. The first of one comes
 * from the next source, as does any that cannot be cloned; the template is made behind it, one at a time. What is to be prepared
 * is so from the third time on: the second one's template has it done. Threads: any.
 */
public final class TemplateSource implements VmSource, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TemplateSource.class);

    /** Each takes about 45 MB; the one used longest ago goes. */
    private static final int MOST = 4;

    /** Whoever asked first is served first: its template is made when it has ended, or has run for so long. */
    private static final Duration COURTESY = Duration.ofSeconds(3);

    /** For what is being made to be undone. */
    private static final Duration END = Duration.ofSeconds(3);

    /** After so many failures in a row, VMs of this shape are booted. */
    private static final int MOST_FAILURES = 2;

    /** Of so many shapes it is remembered that they were asked for, or failed. */
    private static final int MOST_REMEMBERED = 64;

    /** What failed may have lacked something that there is again. */
    private static final Duration GRUDGE = Duration.ofMinutes(5);

    /** What clones have in common. */
    public record Shape(
            int vcpus,
            long memoryBytes,
            List<String> devices,
            int links,
            @Nullable Preparation preparation) {
        static Shape of(VmSpec spec) {
            return new Shape(spec.vcpus(), spec.memoryBytes(), parts(spec), spec.links(), spec.preparation());
        }

        @Override
        public String toString() {
            return "%d CPUs, %d MiB, %s%s"
                    .formatted(
                            vcpus,
                            memoryBytes >> 20,
                            String.join(", ", devices),
                            preparation == null ? "" : ", " + preparation);
        }

        private static List<String> parts(VmSpec spec) {
            Stream<String> devices = spec.devices().stream().map(Shape::of);
            return Stream.concat(devices, spec.sharesDirectories() ? Stream.of("shared directories") : Stream.empty())
                    .toList();
        }

        private static String of(Device device) {
            return switch (device) {
                case Device.Disk disk -> disk.id() + (disk.readOnly() ? " (ro)" : "");
                case Device.HostDisk disk -> disk.id();
                case Device.Nic nic -> nic.id();
                case Device.SharedDirectory directory -> directory.id();
                case Device.Memory memory -> memory.id();
            };
        }
    }

    /**
     * A template that there is.
     *
     * @param clones made of it so far
     */
    public record Kept(Shape shape, int clones) {}

    private static final class Entry {
        final VmTemplate template;
        int clones;

        Entry(VmTemplate template) {
            this.template = template;
        }
    }

    /** @param last {@link System#nanoTime} of the last of so many in a row */
    private record Failures(int count, long last) {
        boolean forbid() {
            return count >= MOST_FAILURES && System.nanoTime() - last < GRUDGE.toNanos();
        }

        static Failures one(@Nullable Failures before) {
            return new Failures(before == null ? 1 : before.count + 1, System.nanoTime());
        }
    }

    private static <T> Map<Shape, T> remembering() {
        return new LinkedHashMap<>() {
            @Override
            protected boolean removeEldestEntry(Map.Entry<Shape, T> eldest) {
                return size() > MOST_REMEMBERED;
            }
        };
    }

    private final VmDriver driver;
    private final VmSource next;
    private final Path directory;
    private final Consumer<Vm> ready;

    /** Held while a template is made. */
    private final ReentrantLock work = new ReentrantLock();

    /** Least recently used first. Guarded by this, as all below. */
    private final Map<Shape, Entry> templates = new LinkedHashMap<>(8, 0.75f, true);

    private final Set<Shape> making = new HashSet<>();
    private final Map<Shape, Failures> failures = remembering();
    private final Map<Shape, Boolean> asked = remembering();
    private int number;
    private boolean closed;
    private @Nullable Vm underWay;

    /**
     * @param directory where a VM that becomes a template has its run directory
     * @param ready returns when a booting guest has come as far as clones are to begin
     */
    public TemplateSource(VmDriver driver, VmSource next, Path directory, Consumer<Vm> ready) {
        this.driver = driver;
        this.next = next;
        this.directory = directory;
        this.ready = ready;
    }

    /** Of a prepared one, or else of one that is not, or else the next source's. */
    @Override
    public Vm acquire(VmSpec spec) {
        Vm prepared = spec.preparation() == null ? null : clone(spec);
        if (prepared != null) {
            return prepared;
        }
        boolean again = spec.preparation() != null && isAskedAgain(Shape.of(spec));
        VmSpec plain = spec.unprepared();
        Vm cloned = clone(plain);
        if (cloned == null) {
            Vm vm = next.acquire(plain);
            makeAfter(vm, plain);
            return vm;
        }
        if (again) {
            makeAfter(cloned, spec);
        }
        return cloned;
    }

    private @Nullable Vm clone(VmSpec spec) {
        Shape shape = Shape.of(spec);
        Entry entry = find(shape);
        if (entry == null) {
            return null;
        }
        try {
            Vm vm = entry.template.launch(spec);
            succeeded(shape, entry);
            return vm;
        } catch (HakoException e) {
            LOG.warn("clone VM {}: {}; it is made otherwise, and the template again", spec.id(), e.getMessage());
            failed(shape, entry);
            return null;
        }
    }

    /** What is wanted once is not worth a template. */
    private synchronized boolean isAskedAgain(Shape shape) {
        return asked.put(shape, true) != null;
    }

    private synchronized @Nullable Entry find(Shape shape) {
        Entry entry = templates.get(shape);
        if (entry != null && entry.template.isStale()) {
            LOG.info("template of {}: its kernel, agent or VMM has changed: dropped", shape);
            templates.remove(shape);
            entry.template.close();
            return null;
        }
        return entry;
    }

    private synchronized void succeeded(Shape shape, Entry entry) {
        failures.remove(shape);
        entry.clones++;
    }

    private synchronized void failed(Shape shape, @Nullable Entry entry) {
        failures.compute(shape, (_, before) -> Failures.one(before));
        if (entry != null && templates.remove(shape, entry)) {
            entry.template.close();
        }
    }

    private synchronized boolean mayMake(Shape shape) {
        Failures before = failures.get(shape);
        return !closed && (before == null || !before.forbid());
    }

    private synchronized void makeAfter(Vm first, VmSpec spec) {
        Shape shape = Shape.of(spec);
        if (mayMake(shape) && making.add(shape)) {
            Thread.ofVirtual().name("template").start(() -> {
                try {
                    if (isWorthIt(first)) {
                        make(spec, shape);
                    }
                } finally {
                    synchronized (this) {
                        making.remove(shape);
                    }
                }
            });
        }
    }

    /** Returns when the first one is served. One whose guest never answers is no example to follow. */
    private boolean isWorthIt(Vm first) {
        try {
            ready.accept(first);
            first.exited().get(COURTESY.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            return true;
        } catch (HakoException | InterruptedException | ExecutionException e) {
            LOG.debug("no template after {}: {}", first.id(), e.toString());
            return false;
        }
        return true;
    }

    private void make(VmSpec spec, Shape shape) {
        try {
            makeNow(spec, shape);
        } catch (HakoException e) {
            LOG.warn("make a template of {}: {}; VMs are booted instead", shape, e.getMessage());
            failed(shape, null);
        }
    }

    /**
     * Makes the template for VMs as this one, unless it is there.
     *
     * @throws HakoException why it cannot be made
     */
    public void prepare(VmSpec spec) {
        makeNow(spec, Shape.of(spec));
    }

    private void makeNow(VmSpec spec, Shape shape) {
        work.lock();
        Path place = directory.resolve("template-" + nextNumber());
        try {
            if (find(shape) != null) {
                return;
            }
            Files.createDirectories(place);
            long began = System.nanoTime();
            keep(shape, driver.save(exemplar(spec, place), vm -> awaitReady(vm, spec.preparation())));
            LOG.info("template of {}: made in {} ms", shape, (System.nanoTime() - began) / 1_000_000);
        } catch (IOException e) {
            throw new HakoException(
                    HakoException.Kind.RESOURCES, HakoException.Code.NO_SPACE, "make " + place + ": " + e, e);
        } finally {
            synchronized (this) {
                underWay = null;
            }
            remove(place);
            work.unlock();
        }
    }

    private static VmSpec exemplar(VmSpec spec, Path place) {
        Preparation preparation = spec.preparation();
        return new VmSpec(
                place.getFileName().toString(),
                place,
                spec.vcpus(),
                spec.memoryBytes(),
                preparation == null ? spec.devices() : preparation.devices(place),
                spec.sharesDirectories(),
                spec.links(),
                preparation);
    }

    /** The VM that becomes a template, which can be ended in the middle of it. */
    private void awaitReady(Vm vm, @Nullable Preparation preparation) {
        synchronized (this) {
            underWay = vm;
            if (closed) {
                vm.kill();
            }
        }
        ready.accept(vm);
        if (preparation != null) {
            preparation.carryOut(vm);
        }
    }

    private synchronized int nextNumber() {
        return ++number;
    }

    private synchronized void keep(Shape shape, VmTemplate template) {
        if (closed) {
            template.close();
            return;
        }
        templates.put(shape, new Entry(template));
        while (templates.size() > MOST) {
            templates.remove(templates.keySet().iterator().next()).template.close();
        }
    }

    private static void remove(Path place) {
        try (Stream<Path> files = Files.exists(place) ? Files.list(place) : Stream.<Path>empty()) {
            for (Path file : files.toList()) {
                Files.deleteIfExists(file);
            }
            Files.deleteIfExists(place);
        } catch (IOException e) {
            LOG.warn("remove {}: {}", place, e.toString());
        }
    }

    /** Those there are, the one used last at the end. */
    public synchronized List<Kept> templates() {
        return templates.entrySet().stream()
                .map(entry -> new Kept(entry.getKey(), entry.getValue().clones))
                .toList();
    }

    /** Drops all; what was cloned goes on. They are made again when VMs are asked for. */
    public synchronized void clear() {
        templates.values().forEach(entry -> entry.template.close());
        templates.clear();
        failures.clear();
        asked.clear();
    }

    /** Ends what is being made, too. */
    @Override
    public void close() {
        Vm unfinished;
        synchronized (this) {
            closed = true;
            clear();
            unfinished = underWay;
        }
        if (unfinished != null) {
            unfinished.kill();
        }
        try {
            if (work.tryLock(END.toMillis(), TimeUnit.MILLISECONDS)) {
                work.unlock();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
