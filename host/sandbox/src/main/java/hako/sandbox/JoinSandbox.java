package hako.sandbox;

import hako.base.HakoException;
import hako.base.HakoException.Code;
import hako.base.HakoException.Kind;
import hako.base.Undo;
import hako.spec.RuntimeSpec;
import hako.vm.Device;
import hako.vm.Vm;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A container joins others in their sandbox: what it needs is plugged into the VM, which runs. */
final class JoinSandbox {
    private static final Logger log = LoggerFactory.getLogger(JoinSandbox.class);

    private final Creation creation;
    private final SandboxRequest.Join join;

    JoinSandbox(Creation creation, SandboxRequest.Join join) {
        this.creation = creation;
        this.join = join;
    }

    Container run() {
        Sandbox sandbox = enter();
        try (Undo undo = new Undo()) {
            undo.add(() -> new LeaveSandbox(creation.checkpoints(), creation.node(), sandbox).run(creation.id()));
            ContainerRecord record = creation.record(sandbox.id());
            creation.checkpoints().save(record);
            GuestRoot root;
            RuntimeSpec guestSpec;
            sandbox.changing().lock();
            try {
                root = GuestRoot.make(creation, BlockRoot.joining(creation.id()), sandbox.shared());
                guestSpec = creation.hostDevices().in(GuestSpec.share(creation.request(), sandbox.shared()));
                creation.sandboxes().save(sandbox); // with what is shared with it
                plug(sandbox, root);
                makeRoom(sandbox);
            } finally {
                sandbox.changing().unlock();
            }
            Container container = new BuildContainer(creation, sandbox).next(record, root, guestSpec);
            undo.release();
            return container;
        }
    }

    private Sandbox enter() {
        Container host = living(join.containerId());
        Sandbox sandbox = host.sandboxOrNull();
        for (String other : join.namespaces().values()) {
            if (living(other).sandboxOrNull() != sandbox) {
                throw HakoException.user(
                        Code.INVALID_ARGUMENT,
                        "container \"%s\" is to share namespaces with containers of different VMs: \"%s\" and \"%s\""
                                .formatted(
                                        creation.request().name(),
                                        host.name(),
                                        living(other).name()));
            }
        }
        if (sandbox == null || !sandbox.members().enter(creation.id(), creation.limits())) {
            throw ended(host.name());
        }
        return sandbox;
    }

    private Container living(String id) {
        Container container = creation.sandboxes().container(id);
        if (container.state() instanceof ContainerState.Stopped) {
            throw ended(container.name());
        }
        return container;
    }

    private HakoException ended(String host) {
        return HakoException.user(
                Code.WRONG_STATE,
                "container \"%s\" cannot join the sandbox of container \"%s\", which has ended"
                        .formatted(creation.request().name(), host));
    }

    private void plug(Sandbox sandbox, GuestRoot root) {
        if (sandbox.plugShared()) {
            creation.sandboxes().save(sandbox); // with the helper that serves it
        }
        sandbox.plugHostDisks(creation.id(), creation.hostDevices());
        for (Device disk : root.disks()) {
            sandbox.vm().plug(disk);
        }
    }

    private void makeRoom(Sandbox sandbox) {
        Vm vm = sandbox.vm();
        int processors = sandbox.members().neededProcessors();
        if (processors > 1) {
            int online = new OnlineProcessors(sandbox).atLeast(processors);
            if (online < processors) {
                log.warn(
                        "container {}: with it {} processors are asked for, and the VM it joins has {}",
                        creation.request().name(),
                        processors,
                        online);
            }
        }
        long needed = sandbox.members().neededBytes();
        if (needed <= vm.record().memoryBytes()) {
            return;
        }
        long has = vm.resize(needed);
        if (has < needed) {
            throw new HakoException(
                    Kind.EXTERNAL,
                    Code.VM_FAILED,
                    "container \"%s\" needs memory that the VM it joins does not get: its guest has taken %d of %d MiB"
                            .formatted(creation.request().name(), has >> 20, needed >> 20));
        }
    }
}
