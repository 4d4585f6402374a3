package hako.sandbox;

import hako.linux.HostFiles;
import hako.spec.RuntimeSpec;
import hako.storage.RootFilesystem;
import java.util.List;
import java.util.Map;

/**
 * What a container is to be.
 *
 * @param id 64 hex digits, see {@link ContainerId}
 * @param name for people; unique on the node
 * @param image as the user named it
 * @param imageId digest of the image's configuration
 * @param root the image's files; never changed by the container
 * @param spec process, mounts and limits; bind mounts have host directories or files as their sources
 * @param user as the image or the caller has it: {@code name}, {@code uid}, {@code user:group}; empty: root
 * @param openStdin keep an input open for {@link ContainerProcess#feed}
 * @param autoRemove forget the container once it has ended
 * @param network how it is joined to the network
 * @param stopSignal what {@link Container#stop} sends first
 * @param sandbox where it is to live
 * @param files what the paths of its root, where that is a directory, and of its bind mounts mean; asked while it is made
 */
public record ContainerRequest(
        String id,
        String name,
        String image,
        String imageId,
        RootFilesystem root,
        RuntimeSpec spec,
        String user,
        boolean openStdin,
        boolean autoRemove,
        NetworkRequest network,
        int stopSignal,
        Map<String, String> labels,
        SandboxRequest sandbox,
        HostFiles files) {

    public List<String> command() {
        return spec.process().args();
    }

    public boolean isReadOnly() {
        return spec.root() != null && Boolean.TRUE.equals(spec.root().readonly());
    }

    public boolean terminal() {
        return Boolean.TRUE.equals(spec.process().terminal());
    }
}
