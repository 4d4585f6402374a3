package hako.oci;

import hako.base.HakoException;
import hako.base.Undo;
import hako.cgroup.Cgroup;
import hako.cgroup.SystemdScope;
import hako.sandbox.Container;
import hako.sandbox.Sizing;
import hako.spec.LinuxResources;
import hako.spec.LinuxSpec;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The cgroup of this host that a bundle names, where managers look for a container: the processes that stay for it are in it, and
 * its VM as long as that is its alone. Its limits are the bundle's, with room for what the VM needs itself.
 *
 * @param scope through which systemd makes it; null: it is made here
 */
record HostCgroup(
        Container container, Cgroup cgroup, @Nullable SystemdScope scope) {
    private static final Logger log = LoggerFactory.getLogger(HostCgroup.class);

    /** Labels of the container. */
    private static final String FOLDERS = "hako.oci.cgroup";

    private static final String SLICE = "hako.oci.slice";
    private static final String UNIT = "hako.oci.unit";

    /** Of VMM and helpers; under emulation some 100 MB. */
    private static final long VMM_BYTES = 192L << 20;

    private static final long VMM_TASKS = 256;

    /** It takes some 10 ms on a quiet host. */
    private static final Duration KILL_PATIENCE = Duration.ofSeconds(20);

    /** What a new container's labels are to say of it. */
    static Map<String, String> labels(RuntimeCall call, RuntimeId id, LinuxSpec linux) {
        String path = linux.cgroupsPath() == null ? "" : linux.cgroupsPath();
        Map<String, String> labels = new HashMap<>();
        if (call.options().systemdCgroup.value()) {
            if (!SystemdScope.isPossible()) {
                throw HakoException.user(
                        HakoException.Code.UNSUPPORTED,
                        "--systemd-cgroup: systemd does not run this host; leave the flag out, or tell the manager to use cgroupfs");
            }
            SystemdScope scope = SystemdScope.named(path, id.id());
            path = scope.path();
            labels.put(SLICE, scope.slice());
            labels.put(UNIT, scope.unit());
        }
        Cgroup chosen =
                Cgroup.named(path.isEmpty() ? id.id() : path, call.caller().pid());
        int others = chosen.processes();
        if (others > 0) {
            call.log().warning("container's cgroup is not empty: %d process(es) found".formatted(others));
        }
        if (chosen.isFrozen()) {
            throw RuntimeContainer.refuse("container's cgroup unexpectedly frozen");
        }
        labels.put(FOLDERS, chosen.toString());
        return labels;
    }

    /** Empty: it was made by a version that made none. */
    static Optional<HostCgroup> of(Container container) {
        Map<String, String> labels = container.record().labels();
        String unit = labels.getOrDefault(UNIT, "");
        return Optional.ofNullable(labels.get(FOLDERS))
                .map(folders -> new HostCgroup(
                        container,
                        Cgroup.parse(folders),
                        unit.isEmpty() ? null : new SystemdScope(labels.getOrDefault(SLICE, ""), unit)));
    }

    /** Makes it. @param pid the process that stays for the container; 0: none does */
    void enter(long pid) throws InterruptedException {
        List<Long> vm = ownVm();
        List<Long> all = Stream.concat(Stream.of(pid).filter(known -> known != 0), vm.stream())
                .toList();
        if (scope != null && all.isEmpty()) {
            return; // systemd keeps none without processes
        }
        LinuxResources limits = withRoom(resources());
        if (scope != null) {
            scope.start(all, limits);
        }
        try (Undo undo = new Undo()) {
            cgroup.make();
            cgroup.limit(limits, undo);
            undo.release();
        }
        if (pid != 0) {
            cgroup.join(pid); // first: an empty one is taken away with another container that had it
        }
        vm.forEach(this::takeVm);
    }

    private void takeVm(long pid) {
        cgroup.joinVm(pid, !countsTwice(resources()));
    }

    /** An emulated guest takes what the host withholds for time that its container has used, and withholds it once more. */
    private boolean countsTwice(LinuxResources limits) {
        return container.isEmulated() && ownsVm() && limits.limitsCpuTime();
    }

    /** Of one more process that stays. */
    void join(long pid) {
        cgroup.join(pid);
    }

    /** Others live in its VM from now on, which no limit of this one may hold. */
    void releaseVm() {
        container.vmPids().forEach(cgroup::leave);
    }

    /** @param undo takes it back */
    void update(LinuxResources wanted, Undo undo) {
        synchronized (container) {
            cgroup.limit(withRoom(wanted.asChanges(resources())), undo);
        }
    }

    /** When nothing is taken back any more. */
    void updated(LinuxResources wanted) throws InterruptedException {
        ownVm().stream().filter(cgroup::holds).forEach(this::takeVm);
        if (scope != null) {
            scope.update(withRoom(wanted.asChanges(resources())));
        }
    }

    /** Managers watch it for the kernel's killing a process for want of memory: the guest's has, and this host's does so, too. */
    void exhaust() throws InterruptedException {
        synchronized (container) { // the limit is another one meanwhile
            exhaustNow();
        }
    }

    private void exhaustNow() throws InterruptedException {
        List<Long> vm = container.vmPids().stream().filter(cgroup::leave).toList();
        try {
            if (!vm.isEmpty() && !container.isAlive()) {
                container.awaitVmEnd(RuntimeContainer.END_PATIENCE); // its memory counts here until then
            }
            if (!cgroup.exhaust(KILL_PATIENCE)) {
                log.warn("container {}: managers are not told that it ran out of memory", container.id());
            }
        } finally {
            vm.forEach(this::takeBack);
        }
    }

    private void takeBack(long vm) {
        try {
            takeVm(vm);
        } catch (HakoException e) {
            log.debug("container {}: its VM has ended: {}", container.id(), e.getMessage());
        }
    }

    void remove() throws InterruptedException {
        if (!cgroup.remove(RuntimeContainer.END_PATIENCE)) {
            log.warn("container {}: others are in its cgroup, which stays", container.id());
        }
    }

    private LinuxResources resources() {
        LinuxSpec linux = container.record().spec().linux();
        return linux == null || linux.resources() == null ? LinuxResources.NONE : linux.resources();
    }

    /** A pod's outlives its first container. */
    private boolean ownsVm() {
        return container.record().sandboxId().equals(container.id())
                && !new PodAnnotations(container.record().spec().annotations()).isPod();
    }

    private List<Long> ownVm() {
        return ownsVm() ? container.vmPids() : List.of();
    }

    private LinuxResources withRoom(LinuxResources limits) {
        if (!ownsVm()) {
            return limits;
        }
        long memory = limits.memory() == null || limits.memory().limit() == null
                ? 0
                : limits.memory().limit();
        long tasks = cgroup.countsApart() ? 0 : VMM_TASKS;
        LinuxResources roomy = limits.withRoom(Sizing.guestNeedBytes(Math.max(0, memory)) + VMM_BYTES, tasks);
        return countsTwice(limits) && !cgroup.limitsTimeApart() ? roomy.withoutCpuTime() : roomy;
    }
}
