package hako.it;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Images made by other people's programs: umoci makes OCI layouts, skopeo turns them into what is asked for. */
final class TestImages {
    private TestImages() {}

    /** An OCI layout with one image {@code latest}: busybox, and /etc/words with the words, printed by default. */
    static Path layout(Path folder, String words) {
        return layout(folder, words, "cat", "/etc/words");
    }

    /** The same, which by default does something else. */
    static Path layout(Path folder, String words, String entrypoint, String... arguments) {
        Path root = folder.resolve("root");
        Temporary.write(root.resolve("etc/words"), words);
        Command.of("tar", "-xf", Build.busybox().toString(), "-C", root.toString())
                .run()
                .ok();
        Path layout = folder.resolve("layout");
        String image = layout + ":latest";
        umoci("init", "--layout", layout.toString());
        umoci("new", "--image", image);
        umoci("insert", "--image", image, root.toString(), "/");
        List<String> config = new ArrayList<>(List.of("config", "--image", image, "--config.entrypoint", entrypoint));
        for (String argument : arguments) {
            config.addAll(List.of("--config.cmd", argument));
        }
        config.addAll(List.of("--config.env", "MADE_BY=umoci", "--config.workingdir", "/etc"));
        config.addAll(List.of("--architecture", "amd64", "--os", "linux"));
        umoci(config.toArray(String[]::new));
        return layout;
    }

    /** The image of a layout as {@code docker save} would write it. */
    static Path dockerArchive(Path layout, Path archive, String reference) {
        Command.of("skopeo", "copy", "-q", "oci:" + layout + ":latest", "docker-archive:" + archive + ":" + reference)
                .run()
                .ok();
        return archive;
    }

    private static void umoci(String... arguments) {
        String[] line = new String[arguments.length + 1];
        line[0] = "umoci";
        System.arraycopy(arguments, 0, line, 1, arguments.length);
        Command.of(line).run().ok();
    }
}
