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
 * @param users ids of the containers that have it
 */
@Json
public record SharedEntry(String name, long device, long inode, ReadOnly readOnly, List<String> users) {
    public SharedEntry {
        users = List.copyOf(users);
    }

    SharedEntry with(String user) {
        List<String> more = new ArrayList<>(users);
        if (!more.contains(user)) {
            more.add(user);
        }
        return new SharedEntry(name, device, inode, readOnly, more);
    }

    SharedEntry without(String user) {
        return new SharedEntry(
                name,
                device,
                inode,
                readOnly,
                users.stream().filter(other -> !other.equals(user)).toList());
    }

    /** Whether it shows this already: what may be written may be shown read-only by the guest. */
    boolean shows(long otherDevice, long otherInode, ReadOnly other) {
        boolean fits = switch (other) {
            case NOTHING, TOP -> readOnly == other;
            case ALL -> readOnly != ReadOnly.TOP;
        };
        return inode != 0 && device == otherDevice && inode == otherInode && fits;
    }
}
