package hako.sandbox;

import hako.linux.Mounts.ReadOnly;
import io.avaje.jsonb.Json;
import java.util.ArrayList;
import java.util.List;

/**
 * One thing in a sandbox's {@link SharedFolder}.
 *
 * @param name below the folder; never used again in the sandbox's life, since the guest may remember it
 * @param device of the file or directory that is shown there, with {@code inode}; 0: of nothing that anybody else can show
 * @param source as the container that brought it names it; empty for what has no name
 * @param users ids of the containers that have it
 */
@Json
public record SharedEntry(String name, long device, long inode, ReadOnly readOnly, String source, List<String> users) {
    public SharedEntry {
        source = source == null ? "" : source; // written by a daemon that did not know it
        users = List.copyOf(users);
    }

    SharedEntry with(String user) {
        List<String> more = new ArrayList<>(users);
        if (!more.contains(user)) {
            more.add(user);
        }
        return new SharedEntry(name, device, inode, readOnly, source, more);
    }

    SharedEntry without(String user) {
        return new SharedEntry(
                name,
                device,
                inode,
                readOnly,
                source,
                users.stream().filter(other -> !other.equals(user)).toList());
    }

    SharedEntry with(ReadOnly other) {
        return new SharedEntry(name, device, inode, other, source, users);
    }

    boolean isOf(long otherDevice, long otherInode) {
        return inode != 0 && device == otherDevice && inode == otherInode;
    }

    /** Whether it may be shown to who asked for this: what may be written may be shown read-only by the guest. */
    boolean mayShow(ReadOnly other) {
        return switch (other) {
            case NOTHING, TOP -> readOnly == other;
            case ALL -> readOnly != ReadOnly.TOP;
        };
    }
}
