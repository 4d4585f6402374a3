package hako.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A tree of many small files, unpacked and walked by busybox: on a container's writable disk, in a host directory it is given
 * ({@code -v}), on the disk that is its image, and on the host. The host has the tree in its caches; a guest that walks it for the
 * first time has nothing of it.
 */
final class Metadata implements Benchmark {
    private static final int FOLDERS = 50;
    private static final Tally.Question UNTAR = question("untar", "a tree of small files unpacked");
    private static final Tally.Question FIND = question("find", "the same tree walked (find), for the first time");
    private static final Tally.Question FIND_AGAIN = question("find-again", "the same tree walked (find), again");
    private static final String IMAGE = "hako/bench-tree";

    private static Tally.Question question(String key, String what) {
        return new Tally.Question("disk-" + key, what, Unit.MILLISECONDS);
    }

    @Override
    public String name() {
        return "disk: trees of files";
    }

    @Override
    public boolean isPromised() {
        return false;
    }

    @Override
    public List<Row> run(Setup setup) {
        Tools tools = setup.tools();
        Node node = setup.node();
        Path root = withTree(tools, setup.quick() ? 1000 : 2000);
        node.importImage(IMAGE, root);
        Tally tally = new Tally();
        for (int i = 0; i < setup.rounds(5); i++) {
            untar(tally, setup, root);
            find(tally, "image's disk", node.hako("run", "--rm", IMAGE, "sh", "-c", walks("/tree")));
            find(
                    tally,
                    "shared directory (-v)",
                    node.hako("run", "--rm", "-v", root + "/tree:/shared", IMAGE, "sh", "-c", walks("/shared")));
            find(tally, "on the host", onHost(tools, "sh", "-c", walks(root + "/tree")));
        }
        return tally.rows();
    }

    /** Twice, and each file is looked at, not only its name. */
    private static String walks(String folder) {
        String walk = "meter time find %s -type f -size +0".formatted(folder);
        return walk + "; " + walk;
    }

    private static void find(Tally tally, String contender, String output) {
        List<Meter> walks = output.lines().map(Meter::result).toList();
        tally.add(FIND, contender, walks.get(0).in(Unit.MILLISECONDS));
        tally.add(FIND_AGAIN, contender, walks.get(1).in(Unit.MILLISECONDS));
    }

    private static void untar(Tally tally, Setup setup, Path root) {
        Tools tools = setup.tools();
        Node node = setup.node();
        Path shared = tools.folder("tree-shared");
        Path host = tools.folder("tree-host");
        node.hako("run", "-d", "--name", "untars", "-v", shared + ":/shared", IMAGE, "sleep", "100000");
        try {
            node.hako("exec", "untars", "mkdir", "/data");
            node.hako("exec", "untars", "cat", "/tree.tar"); // the archive itself is in the cache
            add(tally, "writable disk", node.hako("exec", "untars", "sh", "-c", unpack("/tree.tar", "/data")));
            add(
                    tally,
                    "shared directory (-v)",
                    node.hako("exec", "untars", "sh", "-c", unpack("/tree.tar", "/shared")));
            add(tally, "on the host", onHost(tools, "sh", "-c", unpack(root + "/tree.tar", host.toString())));
        } finally {
            node.remove("untars");
            Tools.delete(shared);
            Tools.delete(host);
        }
    }

    private static String unpack(String archive, String folder) {
        return "meter time tar -xf %s -C %s".formatted(archive, folder);
    }

    private static void add(Tally tally, String contender, String output) {
        tally.add(UNTAR, contender, Meter.result(output).in(Unit.MILLISECONDS));
    }

    private static String onHost(Tools tools, String... command) {
        return new DiskPlace.Native(tools, tools.work()).run(command);
    }

    /** A root filesystem with the tree and an archive of it. */
    private static Path withTree(Tools tools, int files) {
        Path root = tools.copyOfRoot("tree-root");
        Path tree = tools.folder("tree-root/tree");
        try {
            for (int i = 0; i < files; i++) {
                Path folder = Files.createDirectories(tree.resolve("folder" + i % FOLDERS));
                Files.write(folder.resolve("file" + i), new byte[100 + i * 37 % 8000]);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Execution.of("tar", "-cf", root.resolve("tree.tar").toString(), "-C", tree.toString(), ".");
        return root;
    }
}
