package hako.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** {@code ./dev setup}, called by a user who is not root, on a host that lacks the program mkfs.erofs. */
@VmTest
class SetUpTest {
    private static final String NOBODY = "65534";

    private final Path folder = Temporary.folder("setup");
    private final Path programs = folder.resolve("bin");
    private final Path sources = folder.resolve("hako");
    private final Path asked = sources.resolve("asked");

    @BeforeEach
    void host() {
        Command.of("sh", "-c", """
                        mkdir "$0"/bin "$0"/hako
                        for place in /usr/local/bin /usr/bin /bin /usr/sbin /sbin; do ln -s $place/* "$0"/bin/ 2>/dev/null; done
                        rm -f "$0"/bin/mkfs.erofs "$0"/bin/sudo
                        cp -r "$1"/dev "$1"/dev.d "$0"/hako/ && chown "$2" "$0" && chown -hR "$2" "$0"/hako
                        """, folder.toString(), Build.sources().toString(), NOBODY)
                .run()
                .ok();
    }

    @AfterEach
    void remove() {
        Temporary.delete(folder);
    }

    private Result setUp() {
        return Command.of(
                        "setpriv",
                        "--reuid=" + NOBODY,
                        "--regid=" + NOBODY,
                        "--clear-groups",
                        "env",
                        "-i",
                        "HOME=" + folder,
                        "PATH=" + programs,
                        sources.resolve("dev").toString(),
                        "setup",
                        "run")
                .run();
    }

    @Test
    void whereThereIsNoSudoItSaysWhatToRun() {
        assertThat(setUp().exits(1).err())
                .contains("missing: erofs-utils")
                .contains("this needs root, and there is no sudo here")
                .contains("apt-get update && apt-get install --no-install-recommends erofs-utils");
    }

    @Test
    void elseSudoIsAskedForWhatNeedsRootAndForNothingElse() {
        Path sudo = programs.resolve("sudo");
        Temporary.write(sudo, "#!/bin/sh\necho \"$*\" >>" + asked + "\n");
        Command.of("chmod", "755", sudo.toString()).run().ok();

        setUp().ok();
        assertThat(Temporary.read(asked).lines().filter(line -> !line.equals("-v")))
                .hasSize(2)
                .allMatch(line -> line.contains("apt-get"))
                .last()
                .asString()
                .endsWith("install erofs-utils");
    }
}
