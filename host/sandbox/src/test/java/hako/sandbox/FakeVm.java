package hako.sandbox;

import hako.base.HakoException;
import hako.ttrpc.TtrpcClient;
import hako.vm.Device;
import hako.vm.Vm;
import hako.vm.VmExit;
import hako.vm.VmRecord;
import hako.vm.VmSpec;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/** A VM that is nothing but its agent. Threads: any. */
final class FakeVm implements Vm {
    private final VmSpec spec;
    private final FakeAgent agent;
    private final CompletableFuture<VmExit> exited = new CompletableFuture<>();
    private final Queue<Device> devices = new ConcurrentLinkedQueue<>();
    private volatile TtrpcClient client;
    private volatile String refusedDevice = "";
    private volatile String keptDevice = "";
    private volatile boolean prepared;
    private volatile boolean broken;
    private volatile int survived;
    private final AtomicInteger kills = new AtomicInteger();
    private final Queue<Long> resized = new ConcurrentLinkedQueue<>();
    private volatile long most = Long.MAX_VALUE;

    FakeVm(VmSpec spec, FakeAgent agent) {
        this.spec = spec;
        this.agent = agent;
        this.client = agent.connect(this::explain);
    }

    // -- for tests -----------------------------------------------------------------------------------------------

    void dies(String reason) {
        end(new VmExit(VmExit.Cause.VMM_DIED, reason));
    }

    void refusesToPlug(String deviceId) {
        refusedDevice = deviceId;
    }

    void survivesKills(int number) {
        survived = number;
    }

    /** How often it was. */
    int kills() {
        return kills.get();
    }

    /** Nobody foresaw it. */
    void breaks(boolean value) {
        broken = value;
    }

    /** None: lets go of everything. */
    void keeps(String deviceId) {
        keptDevice = deviceId;
    }

    void isPrepared(boolean value) {
        prepared = value;
    }

    @Override
    public boolean isPrepared() {
        return prepared;
    }

    /** What it was asked to be, one after the other. */
    List<Long> resized() {
        return List.copyOf(resized);
    }

    void growsTo(long bytes) {
        most = bytes;
    }

    boolean isDead() {
        return exited.isDone();
    }

    VmSpec spec() {
        return spec;
    }

    List<Device> devices() {
        return List.copyOf(devices);
    }

    FakeAgent fakeAgent() {
        return agent;
    }

    /** The next daemon has found it. */
    Vm adopted() {
        client = agent.connect(this::explain);
        return this;
    }

    private HakoException explain(HakoException lost) {
        return exited.isDone() ? reason(exited.join()) : lost;
    }

    private void end(VmExit exit) {
        if (exited.complete(exit)) {
            client.fail(reason(exit));
        }
    }

    private static HakoException reason(VmExit exit) {
        return new HakoException(HakoException.Kind.EXTERNAL, HakoException.Code.VM_FAILED, exit.reason());
    }

    // -- as a Vm -------------------------------------------------------------------------------------------------

    @Override
    public String id() {
        return spec.id();
    }

    @Override
    public VmRecord record() {
        return new VmRecord(
                spec.id(), "fake", 1, 1, spec.directory().toString(), spec.vcpus(), spec.memoryBytes(), List.of());
    }

    @Override
    public TtrpcClient agent() {
        return client;
    }

    @Override
    public void plug(Device device) {
        if (device.id().equals(refusedDevice)) {
            throw new HakoException(HakoException.Kind.EXTERNAL, HakoException.Code.VM_FAILED, "plug: refused");
        }
        if (devices.stream().anyMatch(there -> there.id().equals(device.id()))) {
            throw HakoException.user(HakoException.Code.ALREADY_EXISTS, "plug: it has a device of that id");
        }
        devices.add(device);
    }

    @Override
    public void replace(Device.Disk disk) {
        unplug(disk.id());
        plug(disk);
    }

    @Override
    public void unplug(String deviceId) {
        if (deviceId.equals(keptDevice)) {
            throw new HakoException(HakoException.Kind.EXTERNAL, HakoException.Code.GUEST, "unplug: the guest refused");
        }
        if (!devices.removeIf(device -> device.id().equals(deviceId))) {
            throw HakoException.user(HakoException.Code.NOT_FOUND, "unplug: no such device");
        }
    }

    @Override
    public long resize(long memoryBytes) {
        resized.add(memoryBytes);
        return Math.min(memoryBytes, most);
    }

    @Override
    public long residentBytes() {
        return 42;
    }

    @Override
    public void pause() {}

    @Override
    public void resume() {}

    @Override
    public void kill() {
        if (kills.incrementAndGet() <= survived) {
            throw new HakoException(HakoException.Kind.EXTERNAL, HakoException.Code.TIMEOUT, "kill: still there");
        }
        end(new VmExit(VmExit.Cause.ASKED, "ended by the daemon"));
    }

    @Override
    public void end(String reason) {
        end(new VmExit(VmExit.Cause.GUEST_REFUSED, reason));
    }

    @Override
    public CompletableFuture<VmExit> exited() {
        if (broken) {
            throw new IllegalStateException("broken");
        }
        return exited;
    }

    @Override
    public String console(int maxBytes) {
        return "";
    }
}
