package hako.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import hako.agent.v1.CreateContainerRequest;
import hako.agent.v1.CreateContainerResponse;
import hako.linux.HostFiles;
import hako.sandbox.SandboxConfig.Writable;
import hako.spec.MountSpec;
import hako.spec.ProcessSpec;
import hako.spec.RuntimeSpec;
import hako.storage.RootFilesystem;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Which containers can come from the same template, and what is told to one that does. */
@Timeout(20)
class PreparedContainerTest {
    @TempDir
    Path directory;

    private FakeNode node;
    private Node withDisks;
    private ContainerRequest usual;

    @BeforeEach
    void boot() {
        node = new FakeNode(directory);
        usual = node.request("web");
        Node inMemory = node.sandboxes.node();
        SandboxConfig config = inMemory.config();
        withDisks = new Node(
                new SandboxConfig(
                        config.run(), config.state(), 1, 1, 64 << 20, Writable.DISK, 1 << 20, 0, 0, List.of()),
                inMemory.source(),
                inMemory.driver(),
                inMemory.network(),
                inMemory.scratch(),
                inMemory.clock());
    }

    @AfterEach
    void shutDown() throws Exception {
        node.end();
    }

    private PreparedContainer prepared(ContainerRequest request) {
        return PreparedContainer.of(withDisks, request, false);
    }

    @Test
    void nameCommandEnvironmentAndUserMakeNoDifference() {
        ContainerRequest other = with(process("/", "ls", "-l"), List.of(), "db", "nobody");
        assertThat(prepared(usual)).isNotNull().isEqualTo(prepared(other)).hasSameHashCodeAs(prepared(other));
    }

    @Test
    void workingDirectoryMountsAndImageDo() {
        List<MountSpec> tmpfs = List.of(new MountSpec("/t", "tmpfs", "tmpfs", List.of(), List.of(), List.of()));
        assertThat(List.of(
                        prepared(usual),
                        prepared(with(process("/srv", "sh"), List.of(), "web", "")),
                        prepared(with(process("/", "sh"), tmpfs, "web", "")),
                        prepared(of(directory.resolve("other.erofs"), usual.spec()))))
                .doesNotHaveDuplicates();
    }

    @Test
    void volumesTerminalsAndLongCommandLinesAreNotPrepared() {
        List<MountSpec> volume = List.of(new MountSpec("/v", "bind", "/srv", List.of("rbind"), List.of(), List.of()));
        assertThat(prepared(with(process("/", "sh"), volume, "web", ""))).isNull();
        assertThat(prepared(with(terminal(), List.of(), "web", ""))).isNull();
        String[] words = Collections.nCopies(1000, "a word of some forty characters, or nearly")
                .toArray(String[]::new);
        assertThat(prepared(with(process("/", words), List.of(), "web", ""))).isNull();
    }

    @Test
    void whoeverIsPreparedIsToldItsNameAndProcessOnly() throws Exception {
        CompletableFuture<CreateContainerRequest> told = new CompletableFuture<>();
        node.vms.prepare(vm -> {
            vm.isPrepared(true);
            vm.fakeAgent().on("CreateContainer", request -> {
                told.complete((CreateContainerRequest) request);
                return CreateContainerResponse.newBuilder().setPid(2).build();
            });
        });

        node.sandboxes.create(usual);

        CreateContainerRequest request = told.get(10, TimeUnit.SECONDS);
        assertThat(request.getPrepared()).isTrue();
        assertThat(request.getStoragesList()).isEmpty();
        assertThat(request.hasRootfs()).isFalse();
        RuntimeSpec spec = RuntimeSpec.fromJson(request.getSpecJson().toByteArray());
        assertThat(spec.process().args()).containsExactly("sh");
        assertThat(spec.mounts()).isEmpty();
    }

    private static ProcessSpec process(String directory, String... words) {
        return new ProcessSpec(
                false, null, null, List.of(words), List.of("A=1"), directory, null, List.of(), null, null, null, null);
    }

    private static ProcessSpec terminal() {
        return new ProcessSpec(
                true, null, null, List.of("sh"), List.of(), "/", null, List.of(), null, null, null, null);
    }

    private ContainerRequest with(ProcessSpec process, List<MountSpec> mounts, String name, String user) {
        RuntimeSpec spec = new RuntimeSpec(null, null, process, name, null, mounts, null, Map.of(), null);
        return of(directory.resolve("root.erofs"), spec, name, user);
    }

    private ContainerRequest of(Path image, RuntimeSpec spec) {
        return of(image, spec, "web", "");
    }

    private ContainerRequest of(Path image, RuntimeSpec spec, String name, String user) {
        return new ContainerRequest(
                ContainerId.random(),
                name,
                usual.image(),
                usual.imageId(),
                new RootFilesystem.Block(image),
                spec,
                user,
                usual.openStdin(),
                usual.autoRemove(),
                usual.network(),
                usual.stopSignal(),
                usual.labels(),
                SandboxRequest.OWN,
                HostFiles.OURS);
    }
}
