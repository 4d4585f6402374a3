package hako.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Where files are read and written: a folder on the host, or one way of a container's to get at the host's disk. */
sealed interface DiskPlace {
    String name();

    /** The folder, as {@link #run} knows it. */
    String folder();

    /** Runs a program of the image there; what it printed. */
    String run(String... command);

    /** Takes what is read there out of the host's page cache. */
    void forget();

    /** On the host itself, with the image's programs. */
    record Native(Tools tools, Path path) implements DiskPlace {
        @Override
        public String name() {
            return "on the host";
        }

        @Override
        public String folder() {
            return path.toString();
        }

        @Override
        public String run(String... command) {
            List<String> line = new ArrayList<>(List.of(command));
            line.set(0, tools.root().resolve("bin").resolve(command[0]).toString());
            String path = tools.root().resolve("bin") + ":" + tools.root().resolve("usr/bin");
            return Execution.of(Map.of("PATH", path), line);
        }

        @Override
        public void forget() {
            forgetAll(tools, filesBelow(path));
        }

        private static void forgetAll(Tools tools, List<Path> files) {
            List<String> line = new ArrayList<>(List.of(tools.meter().toString(), "forget"));
            files.forEach(file -> line.add(file.toString()));
            Execution.of(Map.of(), line);
        }

        private static List<Path> filesBelow(Path folder) {
            try (Stream<Path> all = Files.list(folder)) {
                return all.filter(Files::isRegularFile).toList();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** In a running container; {@code shared} is the host's folder behind its volume. */
    record InGuest(Tools tools, Node node, String container, long vmm, String name, String folder, Path shared)
            implements DiskPlace {
        @Override
        public String run(String... command) {
            List<String> words = new ArrayList<>(List.of("exec", container));
            words.addAll(List.of(command));
            return node.hako(words.toArray(String[]::new));
        }

        /** What the VMM has open, the disks, and what is in the shared folder. */
        @Override
        public void forget() {
            List<Path> files = new ArrayList<>(Native.filesBelow(shared));
            try (Stream<Path> open = Files.list(Path.of("/proc/" + vmm + "/fd"))) {
                open.filter(fd -> Files.isRegularFile(fd) && isBelow(tools.work(), fd))
                        .forEach(files::add);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            Native.forgetAll(tools, files);
        }

        private static boolean isBelow(Path folder, Path fd) {
            try {
                return Files.readSymbolicLink(fd).startsWith(folder);
            } catch (IOException e) {
                return false; // closed meanwhile
            }
        }
    }
}
