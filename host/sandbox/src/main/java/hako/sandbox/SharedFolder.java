package hako.sandbox;

import hako.base.HakoException;
import hako.base.HakoException.Code;
import hako.linux.HostFiles;
import hako.linux.LinuxException;
import hako.linux.MountPoint;
import hako.linux.MountTree;
import hako.linux.Mounts;
import hako.linux.Mounts.ReadOnly;
import hako.vm.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * The one folder of the host that a sandbox sees, served to its guest by one process. Whatever is shared (a volume, a
 * root filesystem) is bound below it, so the guest reaches exactly that and nothing beside it. Threads: any.
 *
 * <pre>
 *   RUN/sandboxes/ID/places/NAME     made by the host, to be mounted on
 *   RUN/sandboxes/ID/shared/NAME     what the guest sees: the same, where it cannot make or remove anything itself
 * </pre>
 *
 * The helper lives in a mount namespace of its own, to which what is mounted here later spreads. Containers of one sandbox that
 * have the same directory see it through one entry: the guest's kernel takes it for one, with one cache.
 */
final class SharedFolder {
    /** The virtiofs tag, and the name of the folder in the guest. */
    static final String TAG = "shared";

    static final String GUEST_PATH = GuestSpec.STORAGE + "/" + TAG;

    private static final SecureRandom RANDOM = new SecureRandom();
    private static final int NAME_BYTES = 6;

    private final Path places;
    private final Path directory;
    /** Guarded by this, as all below. */
    private final List<SharedEntry> entries;

    private boolean plugged;

    SharedFolder(Path sandboxDirectory) {
        this(sandboxDirectory, List.of(), false);
    }

    /** Of an earlier daemon. */
    SharedFolder(Path sandboxDirectory, List<SharedEntry> entries, boolean plugged) {
        this.places = sandboxDirectory.resolve("places");
        this.directory = sandboxDirectory.resolve(TAG);
        this.entries = new ArrayList<>(entries);
        this.plugged = plugged;
    }

    private interface Mount {
        void on(Path target) throws IOException;
    }

    /** @param readOnly what of it is: {@code TOP} only where something is mounted below */
    record Shown(String guestPath, ReadOnly readOnly) {}

    /** Shares a file or directory with a container. What is there already, and is the same in all its mounts, is shown once. */
    synchronized Shown bind(String user, HostFiles files, Path source, ReadOnly readOnly) {
        try (MountTree tree = files.tree(source)) {
            long device = (long) Files.getAttribute(tree.path(), "unix:dev");
            long inode = (long) Files.getAttribute(tree.path(), "unix:ino");
            List<SharedEntry> others =
                    entries.stream().filter(entry -> entry.isOf(device, inode)).toList();
            SharedEntry entry = new SharedEntry(newName(), device, inode, readOnly, source.toString(), List.of(user));
            add(entry, tree.isDirectory(), target -> tree.attach(target, readOnly));
            return others.isEmpty() && readOnly != ReadOnly.TOP
                    ? new Shown(guestPath(entry.name()), readOnly)
                    : oneOf(others, entry);
        } catch (IOException | LinuxException e) {
            throw failed(source, e);
        }
    }

    /** Keeps the one that was added last, or another that is the same. */
    private Shown oneOf(List<SharedEntry> others, SharedEntry last) {
        List<MountPoint> mounts = Mounts.below(directory);
        SharedEntry added = last.readOnly() == ReadOnly.TOP
                        && layout(mounts, last, ReadOnly.TOP).size() == 1
                ? last.with(ReadOnly.ALL)
                : last;
        entries.remove(last);
        for (SharedEntry other : others) {
            if (other.mayShow(added.readOnly())
                    && layout(mounts, other, added.readOnly()).equals(layout(mounts, added, added.readOnly()))) {
                takeOut(added.name());
                entries.set(entries.indexOf(other), other.with(added.users().getFirst()));
                return new Shown(guestPath(other.name()), added.readOnly());
            }
        }
        entries.add(added);
        return new Shown(guestPath(added.name()), added.readOnly());
    }

    /** Its mounts, by what can be told apart of them; of what is to be read-only throughout, that they are now is no difference. */
    private List<String> layout(List<MountPoint> mounts, SharedEntry entry, ReadOnly wanted) {
        Path top = directory.resolve(entry.name());
        return mounts.stream()
                .filter(mount -> mount.path().startsWith(top))
                .map(mount -> "%s %s %s %s"
                        .formatted(
                                top.relativize(mount.path()),
                                mount.device(),
                                mount.root(),
                                mount.options().stream()
                                        .filter(option -> wanted != ReadOnly.ALL || !option.matches("ro|rw"))
                                        .toList()))
                .sorted()
                .toList();
    }

    /** Where this host sees what a container has from there. */
    synchronized Optional<Path> shown(String user, String source) {
        return entries.stream()
                .filter(entry -> entry.users().contains(user) && entry.source().equals(source))
                .map(entry -> directory.resolve(entry.name()))
                .findFirst();
    }

    /** Shares the overlay of an image's layers with a writable directory on top; the guest's path. */
    synchronized String overlay(String user, List<Path> lower, Path upper, Path work) {
        SharedEntry entry = new SharedEntry(newName(), 0, 0, ReadOnly.NOTHING, "", List.of(user));
        try {
            Files.createDirectories(upper);
            Files.createDirectories(work);
            return add(entry, true, target -> Mounts.overlay(lower, upper, work, target));
        } catch (IOException | LinuxException e) {
            throw failed(upper.getParent(), e);
        }
    }

    private String add(SharedEntry entry, boolean isDirectory, Mount mount) throws IOException {
        if (!Mounts.isMountPoint(directory)) {
            Files.createDirectories(places);
            Files.createDirectories(directory);
            Mounts.bind(places, directory, true);
        }
        Path place = places.resolve(entry.name());
        if (isDirectory) {
            Files.createDirectory(place);
        } else {
            Files.createFile(place);
        }
        try {
            mount.on(directory.resolve(entry.name()));
        } catch (IOException | RuntimeException e) {
            Files.delete(place);
            throw e;
        }
        entries.add(entry);
        return guestPath(entry.name());
    }

    private static String newName() {
        byte[] random = new byte[NAME_BYTES];
        RANDOM.nextBytes(random);
        return HexFormat.of().formatHex(random);
    }

    private static String guestPath(String name) {
        return GUEST_PATH + "/" + name;
    }

    /** A container is gone: what only it had is not shared any more. */
    synchronized void release(String user) {
        change(entry -> entry.without(user));
    }

    /** Takes out what belongs to nobody of these, written down or not. */
    synchronized void keepFor(Collection<String> users) {
        change(entry -> new SharedEntry(
                entry.name(),
                entry.device(),
                entry.inode(),
                entry.readOnly(),
                entry.source(),
                entry.users().stream().filter(users::contains).toList()));
        List<String> known = entries.stream().map(SharedEntry::name).toList();
        for (Path place : Checkpoints.list(places)) {
            if (!known.contains(place.getFileName().toString())) {
                takeOut(place.getFileName().toString());
            }
        }
    }

    private void change(UnaryOperator<SharedEntry> change) {
        entries.replaceAll(change);
        for (SharedEntry entry : List.copyOf(entries)) {
            if (entry.users().isEmpty()) {
                takeOut(entry.name());
                entries.remove(entry);
            }
        }
    }

    /** With all that is mounted below it, of which no path is looked up: the guest may have put links on the way. */
    private void takeOut(String name) {
        Path shown = directory.resolve(name);
        while (Mounts.isMountPoint(shown)) {
            Mounts.unmount(shown, true);
        }
        try {
            Files.deleteIfExists(places.resolve(name)); // empty: nothing was ever made in it but mounted on it
        } catch (IOException e) {
            throw failed(places.resolve(name), e);
        }
    }

    synchronized List<SharedEntry> entries() {
        return List.copyOf(entries);
    }

    synchronized boolean isUsedBy(String user) {
        return entries.stream().anyMatch(entry -> entry.users().contains(user));
    }

    /** What is to be plugged into the VM now, if anything: the folder is, once, when there is something in it. */
    synchronized Optional<Device> unplugged() {
        if (plugged || entries.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new Device.SharedDirectory(TAG, directory));
    }

    synchronized void isPlugged() {
        plugged = true;
    }

    private static HakoException failed(Path path, Exception reason) {
        return new HakoException(
                HakoException.Kind.RESOURCES, Code.INTERNAL, "share " + path + ": " + reason.getMessage(), reason);
    }

    /**
     * Takes everything out of the folder that was bound into it, then the sandbox's directory. Volumes are the user's:
     * as long as one is still mounted below, nothing is deleted.
     */
    static void remove(Path sandboxDirectory) {
        Mounts.unmountAll(sandboxDirectory);
        if (!Mounts.below(sandboxDirectory).isEmpty()) {
            throw new HakoException(
                    HakoException.Kind.INTERNAL,
                    Code.INTERNAL,
                    "remove " + sandboxDirectory + ": something is still mounted below it");
        }
        Checkpoints.deleteTree(sandboxDirectory);
    }
}
