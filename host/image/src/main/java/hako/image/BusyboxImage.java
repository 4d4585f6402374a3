package hako.image;

import hako.spec.ImageConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;

/**
 * Makes {@value #NAME} of this host's static busybox, so that the first run needs no registry: the program, a link for
 * each applet, and the few files that programs expect.
 */
public final class BusyboxImage {
    public static final String NAME = "hako/busybox";
    private static final Path PROGRAM = Path.of("/bin/busybox");

    private static final Map<String, String> FILES = Map.of(
            "etc/passwd",
            """
            root:x:0:0:root:/root:/bin/sh
            daemon:x:1:1:daemon:/usr/sbin:/bin/false
            www-data:x:33:33:www-data:/var/www:/bin/false
            nobody:x:65534:65534:nobody:/home:/bin/false
            """,
            "etc/group",
            """
            root:x:0:
            daemon:x:1:
            tty:x:5:
            www-data:x:33:
            nogroup:x:65534:
            """,
            "etc/shadow",
            "root:*:::::::\ndaemon:*:::::::\nwww-data:*:::::::\nnobody:*:::::::\n",
            "etc/nsswitch.conf",
            "passwd: files\ngroup: files\nhosts: files dns\n",
            "etc/profile",
            "export PS1='\\u@\\h:\\w\\$ '\n");

    private static final List<String> DIRECTORIES = List.of(
            "bin",
            "dev",
            "etc",
            "home",
            "lib",
            "mnt",
            "opt",
            "proc",
            "root",
            "run",
            "sbin",
            "srv",
            "sys",
            "tmp",
            "usr",
            "usr/bin",
            "usr/sbin",
            "usr/share/udhcpc",
            "var",
            "var/tmp",
            "var/log",
            "var/www",
            "var/spool");

    private BusyboxImage() {}

    /** @throws ImageException NOT_FOUND where Debian's busybox-static is not installed */
    public static Image make(ImageStore store) {
        if (!Files.isExecutable(PROGRAM)) {
            throw ImageException.notFound(
                    "make image " + NAME + ": there is no " + PROGRAM + "; install it: apt-get install busybox-static");
        }
        try {
            Path root = Files.createTempDirectory(store.temporary(), "busybox-");
            try {
                build(root);
                return store.importRoot(root, NAME, ImageConfig.Execution.command(List.of("sh")));
            } finally {
                Trees.remove(root);
            }
        } catch (IOException e) {
            throw Blobs.failure("make image " + NAME, e);
        }
    }

    private static void build(Path root) throws IOException {
        Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rwxr-xr-x"));
        for (String directory : DIRECTORIES) {
            Files.createDirectories(root.resolve(directory));
        }
        for (String open : List.of("tmp", "var/tmp")) {
            Files.setAttribute(root.resolve(open), "unix:mode", 01777);
        }
        Files.setAttribute(root.resolve("root"), "unix:mode", 0700);
        for (Map.Entry<String, String> file : FILES.entrySet()) {
            Files.writeString(root.resolve(file.getKey()), file.getValue());
        }
        Files.setAttribute(root.resolve("etc/shadow"), "unix:mode", 0640);
        Path program = root.resolve("bin/busybox");
        Files.copy(PROGRAM, program, StandardCopyOption.COPY_ATTRIBUTES);
        for (String applet : applets()) {
            Path link = root.resolve(applet);
            if (!Files.exists(link)) {
                Files.createDirectories(link.getParent());
                Files.createSymbolicLink(link, Path.of("/bin/busybox"));
            }
        }
        // The same busybox makes the same layer.
        FileTime time = Files.getLastModifiedTime(PROGRAM);
        try (var all = Files.walk(root)) {
            for (Path path : all.toList().reversed()) {
                Files.getFileAttributeView(path, BasicFileAttributeView.class, LinkOption.NOFOLLOW_LINKS)
                        .setTimes(time, null, null);
            }
        }
    }

    /** Paths without a leading slash, {@code usr/bin/env}. */
    private static List<String> applets() throws IOException {
        Process list = new ProcessBuilder(PROGRAM.toString(), "--list-full").start();
        try (var out = list.getInputStream()) {
            return new String(out.readAllBytes(), StandardCharsets.US_ASCII)
                    .lines()
                    .filter(line -> line.matches("[a-z0-9._/+\\[-]+") && !line.endsWith("/busybox"))
                    .toList();
        } finally {
            list.destroy();
        }
    }
}
