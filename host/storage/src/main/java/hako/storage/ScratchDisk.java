package hako.storage;

import hako.linux.SparseFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * Makes the writable layers of containers: sparse raw files with an empty ext4, cloned from a template that is formatted
 * once for each size. A clone costs the template's data, about 230 KB, whatever the size.
 *
 * <p>No journal: a scratch disk does not outlive its VM's crash. No lazy initialisation either: the inode tables of a
 * sparse file are zeros already and are marked so, else the guest would fill in 160 MB of them for 10 GiB; nor does the
 * guest read the bitmaps of all groups ahead, of which most containers need one. Mount it with {@link #MOUNT_OPTIONS}.
 * Thread-safe.
 */
public final class ScratchDisk {
    public static final long DEFAULT_BYTES = 10L << 30;

    /** Space that the guest frees is given back to the host, where the disk is plugged with discard. */
    public static final List<String> MOUNT_OPTIONS =
            List.of("noatime", "noinit_itable", "no_prefetch_block_bitmaps", "discard");

    private static final long MIN_BYTES = 16L << 20;
    private static final long MAX_BYTES = 16L << 40;
    private static final Program MKFS = new Program("mke2fs", "e2fsprogs", Duration.ofMinutes(2));

    private final Path directory;
    private final long sizeBytes;
    private final Path template;

    /**
     * @param directory where the templates are kept; best on the file system of the disks
     * @param sizeBytes what a container may write at most, with the file system's own needs
     */
    public ScratchDisk(Path directory, long sizeBytes) {
        if (sizeBytes < MIN_BYTES || sizeBytes > MAX_BYTES) {
            throw new IllegalArgumentException("scratch disk of " + sizeBytes + " bytes: from 16 MiB to 16 TiB");
        }
        this.directory = directory;
        this.sizeBytes = sizeBytes;
        this.template = directory.resolve("scratch-" + sizeBytes + ".ext4");
    }

    public long sizeBytes() {
        return sizeBytes;
    }

    /** Makes {@code disk}, which must not exist. */
    public void create(Path disk) throws IOException, InterruptedException {
        prepare();
        try {
            SparseFile.copy(template, disk);
        } catch (IOException e) {
            if (DiskSpace.isExhausted(e)) {
                throw StorageException.noSpace("make scratch disk " + disk + ": no space left on device");
            }
            throw e;
        }
    }

    /** Formats the template unless it is there: to be called ahead, so that the first container need not wait. */
    public synchronized void prepare() throws IOException, InterruptedException {
        if (Files.exists(template)) {
            return;
        }
        Files.createDirectories(directory);
        Path made = directory.resolve(template.getFileName() + ".tmp");
        try {
            Files.deleteIfExists(made);
            SparseFile.truncate(made, sizeBytes);
            MKFS.run(
                    "format scratch disk " + made,
                    directory,
                    Map.of(),
                    List.of(
                            "mke2fs",
                            "-q",
                            "-F",
                            "-t",
                            "ext4",
                            "-m",
                            "0",
                            "-O",
                            "^has_journal,^resize_inode",
                            "-E",
                            "assume_storage_prezeroed=1,nodiscard,root_owner=0:0",
                            "-L",
                            "scratch",
                            made.toString()));
            Files.move(made, template, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(made);
        }
    }
}
