package hako.sandbox;

import hako.base.Undo;
import org.jspecify.annotations.Nullable;

/**
 * The verb create: a container in the sandbox that it is to join, or in one of its own, whose VM has waited in the pool or is
 * made for it.
 */
final class CreateContainer {
    private final Creation creation;

    CreateContainer(Creation creation) {
        this.creation = creation;
    }

    Container run() {
        try (Undo undo = new Undo()) {
            undo.add(() -> creation.checkpoints().deleteContainer(creation.id()));
            Container container = switch (creation.request().sandbox()) {
                case SandboxRequest.Join join -> new JoinSandbox(creation, join).run();
                case SandboxRequest.New own -> inOwn(own);
            };
            undo.release();
            return container;
        }
    }

    private Container inOwn(SandboxRequest.New own) {
        ContainerRecord record = creation.record(creation.id());
        creation.checkpoints().save(record);
        try (Undo undo = new Undo()) {
            undo.add(() -> creation.checkpoints().deleteSandbox(creation.id()));
            creation.checkpoints().save(SandboxRecord.withoutVm(creation.id(), creation.began()));
            Sizing size = Sizing.of(
                    own.size() == null ? creation.limits() : own.size(),
                    creation.node().config());
            SandboxMembers members = new SandboxMembers(
                    creation.id(), own.size() != null, creation.node().config());
            members.enter(creation.id(), creation.limits());
            @Nullable Container pooled = new TakePooledSandbox(creation, size, members).run(record);
            Container container = pooled != null ? pooled : new MakeSandbox(creation, size, members).run(record);
            undo.release();
            return container;
        }
    }
}
