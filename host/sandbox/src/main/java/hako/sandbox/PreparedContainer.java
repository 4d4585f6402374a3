package hako.sandbox;

import com.google.protobuf.ByteString;
import hako.agent.AgentClient;
import hako.agent.v1.CreateContainerRequest;
import hako.agent.v1.CreateContainerResponse;
import hako.sandbox.SandboxConfig.Writable;
import hako.spec.ProcessSpec;
import hako.spec.RuntimeSpec;
import hako.storage.RootFilesystem;
import hako.vm.Device;
import hako.vm.Preparation;
import hako.vm.Vm;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A container that is nobody's yet, in a template: its root, namespaces and cgroup are built, its first process waits to be told
 * its name and what to run. Nothing of its image has run. For containers that are alike in all else.
 *
 * @param spec without what is told later
 * @param image of the root disk
 * @param openStdin as the container's will be
 * @param networked it has a network card
 * @param example of what will run: its program is read into memory ahead. Two that differ in this are equal
 */
record PreparedContainer(
        Node node, RuntimeSpec spec, Path image, boolean openStdin, boolean networked, ProcessSpec example)
        implements Preparation {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    /** What is told later must go through a socket inside the guest. */
    private static final int MOST_TOLD_BYTES = 32 << 10;

    /** The one that this container could come from; null where it asks for what cannot be prepared. */
    static @Nullable PreparedContainer of(Node node, ContainerRequest request, boolean networked) {
        boolean usual = node.config().writable() == Writable.DISK
                && request.network().mode() != NetworkRequest.Mode.NAMESPACE
                && !request.isReadOnly()
                && !request.terminal()
                && request.spec().hooks() == null
                && request.spec().mounts().stream().noneMatch(GuestSpec::isBind)
                && told(request).length <= MOST_TOLD_BYTES;
        return usual && request.root() instanceof RootFilesystem.Block(Path image)
                ? new PreparedContainer(
                        node,
                        common(request.spec()),
                        image,
                        request.openStdin(),
                        networked,
                        example(request.spec().process()))
                : null;
    }

    private static RuntimeSpec common(RuntimeSpec spec) {
        return with(process(spec.process(), List.of(), List.of()), spec);
    }

    private static ProcessSpec example(ProcessSpec process) {
        List<String> path =
                process.env().stream().filter(v -> v.startsWith("PATH=")).toList();
        return process(process, process.args().stream().limit(1).toList(), path);
    }

    /** What of it the building of a container depends on, and these. */
    private static ProcessSpec process(ProcessSpec process, List<String> args, List<String> env) {
        return new ProcessSpec(
                false, null, null, args, env, process.cwd(), null, List.of(), null, null, null, process.oomScoreAdj());
    }

    private static RuntimeSpec with(ProcessSpec process, RuntimeSpec spec) {
        return new RuntimeSpec(
                spec.ociVersion(),
                spec.root(),
                process,
                null,
                null,
                spec.mounts(),
                null,
                spec.annotations(),
                spec.linux());
    }

    /** The part of the specification that is not prepared, as JSON. */
    static byte[] told(ContainerRequest request) {
        RuntimeSpec spec = request.spec();
        return new RuntimeSpec(
                        spec.ociVersion(),
                        null,
                        spec.process(),
                        spec.hostname(),
                        spec.domainname(),
                        List.of(),
                        null,
                        Map.of(),
                        null)
                .toJson();
    }

    @Override
    public List<Device> devices(Path directory) {
        Path scratch = directory.resolve("scratch.ext4");
        BlockRoot.makeScratch(node, scratch);
        List<Device> devices =
                new ArrayList<>(List.of(BlockRoot.FIRST.imageDisk(image), BlockRoot.FIRST.scratchDisk(scratch)));
        if (networked) {
            devices.add(MakeSandbox.nobodysNic());
        }
        return devices;
    }

    @Override
    public void carryOut(Vm vm) {
        CreateContainerResponse response = new AgentClient(vm.agent())
                .prepareContainer(
                        CreateContainerRequest.newBuilder()
                                .setSpecJson(
                                        ByteString.copyFrom(with(example, spec).toJson()))
                                .setRootfs(BlockRoot.FIRST.rootfs())
                                .addAllStorages(BlockRoot.FIRST.storages())
                                .addAllFiles(GuestFiles.empty())
                                .setOpenStdin(openStdin)
                                .build(),
                        PATIENCE);
        if (response.hasFailure()) {
            throw Container.startFailure(response.getFailure());
        }
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof PreparedContainer that && key().equals(that.key());
    }

    @Override
    public int hashCode() {
        return key().hashCode();
    }

    private List<Object> key() {
        return List.of(node, spec, image, openStdin, networked);
    }

    @Override
    public String toString() {
        return "a container of " + image.getFileName();
    }
}
