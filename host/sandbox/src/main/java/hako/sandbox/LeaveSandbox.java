package hako.sandbox;

import hako.agent.v1.ContainerRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A container that has ended gives back what it holds of its sandbox; the last one, the sandbox: VM, network, mounts, run
 * directory. Nothing of it fails; what cannot be given back is noted. The end of the sandbox is tried again when the container is
 * removed; a guest that goes on and does not let go is asked again ({@link GuestReleases}).
 */
final class LeaveSandbox {
    private static final Duration TIMEOUT = Duration.ofSeconds(10);
    private static final Logger log = LoggerFactory.getLogger(LeaveSandbox.class);

    private final Checkpoints checkpoints;
    private final Node node;
    private final Sandbox sandbox;

    LeaveSandbox(Checkpoints checkpoints, Node node, Sandbox sandbox) {
        this.checkpoints = checkpoints;
        this.node = node;
        this.sandbox = sandbox;
    }

    /** Returns when it is done, also when another thread does it. */
    void run(String containerId) {
        sandbox.changing().lock();
        try {
            boolean lived = sandbox.members().leave(containerId);
            if (sandbox.members().isOver()) {
                end();
            } else if (lived) {
                evict(containerId);
            }
        } finally {
            sandbox.changing().unlock();
        }
    }

    /** The VM goes on. */
    void evict(String containerId) {
        if (sandbox.vm().exited().isDone()) { // the others are about to hear of it
            return;
        }
        sandbox.releases()
                .ask(
                        "container " + ContainerId.shortened(containerId),
                        () -> sandbox.agent()
                                .deleteContainer(
                                        ContainerRequest.newBuilder()
                                                .setContainerId(containerId)
                                                .build(),
                                        TIMEOUT));
        sandbox.hostDisks().release(containerId).forEach(this::unplug);
        BlockRoot disks = BlockRoot.joining(containerId);
        unplug(disks.image());
        unplug(disks.scratch());
        isDone(() -> sandbox.shared().release(containerId));
        isDone(() -> checkpoints.save(sandbox.record()));
        isDone(sandbox::giveBackMemory);
    }

    private void unplug(String disk) {
        sandbox.releases().ask(disk, () -> sandbox.vm().unplug(disk));
    }

    /** Each step once: what has been given back may be somebody else's by now. */
    private void end() {
        sandbox.ending(this::steps).removeIf(this::isDone);
    }

    private List<Runnable> steps() {
        List<Runnable> steps = new ArrayList<>();
        steps.add(sandbox.vm()::kill);
        if (sandbox.endpoint() != null) {
            steps.add(() -> node.network().detach(sandbox.endpoint()));
        }
        steps.add(sandbox::part);
        steps.add(() -> SharedFolder.remove(sandbox.directory()));
        steps.add(() -> checkpoints.deleteSandbox(sandbox.id()));
        return steps;
    }

    private boolean isDone(Runnable step) {
        try {
            step.run();
            return true;
        } catch (RuntimeException e) {
            log.warn("sandbox {}: clean up: {}", ContainerId.shortened(sandbox.id()), e.getMessage(), e);
            return false;
        }
    }
}
