package hako.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Files read and written: on a container's writable disk, in a host directory it is given ({@code -v}), on the disk that is its
 * image, and on the host itself. Before each read the guest's page cache has nothing of the file. The host's has nothing either,
 * or, where a row says so, all of it: then the device counts for nothing, and the way to it for everything.
 */
final class Disk implements Benchmark {
    private static final Tally.Question WRITE =
            question("write", "files written in sequence, until they are on the disk", Unit.MEGABYTES_PER_SECOND);
    private static final Tally.Question READ =
            question("read", "files read in sequence, cached nowhere", Unit.MEGABYTES_PER_SECOND);
    private static final Tally.Question READ_CACHED =
            question("read-cached", "files read in sequence, cached by the host", Unit.MEGABYTES_PER_SECOND);
    private static final Tally.Question RANDOM_READ =
            question("random-read", "4 KiB read at random, cached nowhere", Unit.PER_SECOND);
    private static final Tally.Question RANDOM_READ_CACHED =
            question("random-read-cached", "4 KiB read at random, cached by the host", Unit.PER_SECOND);
    private static final Tally.Question RANDOM_WRITE =
            question("random-write", "4 KiB written at random, each on the disk before the next", Unit.PER_SECOND);

    private static Tally.Question question(String key, String what, Unit unit) {
        return new Tally.Question("disk-" + key, what, unit);
    }

    @Override
    public String name() {
        return "disk: reading and writing";
    }

    @Override
    public boolean isPromised() {
        return false;
    }

    @Override
    public List<Row> run(Setup setup) {
        Tools tools = setup.tools();
        Node node = setup.node();
        String megabytes = setup.quick() ? "32" : "128";
        Path shared = tools.folder("disk-shared");
        DiskPlace host = new DiskPlace.Native(tools, tools.folder("disk-host"));
        node.importImage("hako/bench-disk", withFile(tools, megabytes));
        String id = node.hako(
                        "run", "-d", "--name", "disk", "-v", shared + ":/shared", "hako/bench-disk", "sleep", "100000")
                .strip();
        long vmm = node.vmm(id);
        try {
            node.hako("exec", "disk", "mkdir", "/data");
            List<DiskPlace> writable = List.of(
                    new DiskPlace.InGuest(tools, node, "disk", vmm, "writable disk", "/data", shared),
                    new DiskPlace.InGuest(tools, node, "disk", vmm, "shared directory (-v)", "/shared", shared),
                    host);
            DiskPlace image = new DiskPlace.InGuest(tools, node, "disk", vmm, "image's disk", "/image", shared);
            List<DiskPlace> readable = List.of(image, writable.get(0), writable.get(1), host);
            Tally tally = new Tally();
            for (int i = 0; i < setup.rounds(5); i++) {
                writable.forEach(place -> measure(tally, WRITE, place, false, "write", "file", megabytes));
                readable.forEach(place -> measure(tally, READ, place, true, "read", "file", "forget"));
                readable.forEach(place -> cached(tally, READ_CACHED, place, "read"));
                readable.forEach(place -> measure(tally, RANDOM_READ, place, true, "random-read", "file", "forget"));
                readable.forEach(place -> cached(tally, RANDOM_READ_CACHED, place, "random-read"));
                writable.forEach(place -> measure(tally, RANDOM_WRITE, place, false, "random-write", "file"));
            }
            List<Row> rows = new ArrayList<>(tally.rows());
            rows.add(Row.leftOut(
                    "disk-9p", "files by 9p", "not measured: Hako attaches none, a shared directory is virtiofs"));
            return rows;
        } finally {
            node.remove("disk");
        }
    }

    private static Path withFile(Tools tools, String megabytes) {
        Path root = tools.copyOfRoot("disk-root");
        Path folder = tools.folder("disk-root/image");
        Execution.of(tools.meter().toString(), "write", folder.resolve("file").toString(), megabytes);
        return root;
    }

    private static void measure(
            Tally tally, Tally.Question question, DiskPlace place, boolean forget, String verb, String... words) {
        if (forget) {
            place.forget();
        }
        words[0] = place.folder() + "/" + words[0];
        String[] line = new String[words.length + 2];
        line[0] = "meter";
        line[1] = verb;
        System.arraycopy(words, 0, line, 2, words.length);
        tally.add(question, place.name(), Meter.result(place.run(line)).in(question.unit()));
    }

    /** The host has just read the file whole. A guest forgets it again; the host does not. */
    private static void cached(Tally tally, Tally.Question question, DiskPlace place, String verb) {
        String file = place.folder() + "/file";
        switch (place) {
            case DiskPlace.Native host -> {
                host.run("meter", "read", file);
                tally.add(
                        question,
                        place.name(),
                        Meter.result(host.run("meter", verb, file)).in(question.unit()));
            }
            case DiskPlace.InGuest guest -> {
                guest.run("meter", "read", file, "forget");
                tally.add(
                        question,
                        place.name(),
                        Meter.result(guest.run("meter", verb, file, "forget")).in(question.unit()));
            }
        }
    }
}
