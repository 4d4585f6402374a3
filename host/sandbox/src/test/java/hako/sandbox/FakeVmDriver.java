package hako.sandbox;

import hako.base.HakoException;
import hako.vm.Vm;
import hako.vm.VmDriver;
import hako.vm.VmRecord;
import hako.vm.VmSource;
import hako.vm.VmSpec;
import hako.vm.VmTemplate;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/** The VMs of a host; they outlive daemons. Threads: any. */
final class FakeVmDriver implements VmDriver, VmSource {
    private final Map<String, FakeVm> vms = new ConcurrentHashMap<>();
    private volatile Consumer<FakeVm> prepare = vm -> {};
    private volatile boolean refuses;

    /** Done to every VM that is launched from now on. */
    void prepare(Consumer<FakeVm> preparation) {
        prepare = preparation;
    }

    void refusesToLaunch() {
        refuses = true;
    }

    FakeVm vm(String id) {
        FakeVm vm = vms.get(id);
        if (vm == null) {
            throw new AssertionError("no VM was launched for " + id);
        }
        return vm;
    }

    boolean hasLaunched(String id) {
        return vms.containsKey(id);
    }

    /** No VM hears of it any more. */
    void daemonDies() {
        vms.values().forEach(vm -> vm.fakeAgent().daemonDies());
    }

    void endAll() {
        vms.values().forEach(FakeVm::kill);
    }

    @Override
    public VmTemplate save(VmSpec spec, Consumer<Vm> ready) {
        throw new UnsupportedOperationException();
    }

    @Override
    public String name() {
        return "fake";
    }

    @Override
    public boolean emulates() {
        return true;
    }

    @Override
    public Vm acquire(VmSpec spec) {
        return launch(spec);
    }

    @Override
    public Vm launch(VmSpec spec) {
        if (refuses) {
            throw new HakoException(HakoException.Kind.EXTERNAL, HakoException.Code.VM_FAILED, "start VM: refused");
        }
        FakeVm vm = new FakeVm(spec, new FakeAgent());
        vms.put(spec.id(), vm);
        prepare.accept(vm);
        try {
            spec.devices().forEach(vm::plug);
        } catch (HakoException e) { // as a VMM that does not take its command line
            vm.kill();
            throw e;
        }
        return vm;
    }

    @Override
    public Optional<Vm> adopt(VmRecord record) {
        return Optional.ofNullable(vms.get(record.id()))
                .filter(vm -> !vm.isDead())
                .map(FakeVm::adopted);
    }
}
