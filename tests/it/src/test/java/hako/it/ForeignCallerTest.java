package hako.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** {@code hako-runtime}, called where other things are mounted than the daemon sees. */
@VmTest
class ForeignCallerTest {
    @RegisterExtension
    static final SharedNode shared = SharedNode.create();

    /** Of the bundle: on the host, another file is in the volume, and there is no program in the root. */
    private static final String MOUNTS =
            "mount -t tmpfs none %1$s/volume; echo the caller >%1$s/volume/file; mount --bind %1$s/inner %1$s/rootfs; ";

    private final HakoNode node = shared.node();
    private Bundle bundle;
    private Path folder;

    @BeforeEach
    void makeBundle() {
        bundle = Bundle.script("cat /v/file; echo the guest >/v/out")
                .edit(
                        "\"mounts\": [",
                        "\"mounts\": [{\"destination\": \"/v\", \"type\": \"bind\", \"source\": \"volume\", \"options\": [\"rbind\"]},");
        folder = bundle.folder();
        Temporary.write(bundle.root().resolve("v/none"), "");
        Temporary.write(folder.resolve("volume/file"), "the host\n");
        Command.of("mv", folder + "/rootfs", folder + "/inner").run().ok();
        Temporary.write(folder.resolve("rootfs/none"), "");
    }

    @AfterEach
    void nothingIsLeft() {
        node.runtime("list", "--quiet")
                .run()
                .lines()
                .forEach(id -> node.runtime("delete", "--force", id).run());
        node.awaitNoTraces();
        bundle.close();
    }

    /**
     * In a mount namespace of its own.
     *
     * @param script with the bundle's folder for {@code %1$s}, {@code hako-runtime} for {@code %2$s}
     */
    private Result alone(String script) {
        node.run("version").ok(); // the daemon is the host's
        return Command.of("unshare", "--mount", "sh", "-ec", (MOUNTS + script).formatted(folder, Build.runtime()))
                .with("HAKO_HOME", node.home().toString())
                .run();
    }

    @Test
    void rootAndVolumesAreThoseOfTheCaller() {
        Result result = alone("cd %1$s; %2$s run web; cat volume/out");
        assertThat(result.ok().out()).isEqualTo("the caller\nthe guest\n");
        assertThat(folder.resolve("volume/file")).hasContent("the host\n");
        assertThat(folder.resolve("volume/out")).doesNotExist();
    }

    /** Below a root directory of its own. */
    @Test
    void linksLeadWithinTheCallersRoot() {
        bundle.edit("\"source\": \"volume\"", "\"source\": \"/link\"");
        Result result = alone("mkdir -p %1$s/top/home %1$s/top/proc %1$s/top/bundle; cp %2$s %1$s/top;"
                + " ln -s ../../../bundle/volume %1$s/top/link; ln -s /bundle %1$s/top/way;"
                + " mount --bind $HAKO_HOME %1$s/top/home; mount --bind /proc %1$s/top/proc; mount --rbind %1$s %1$s/top/bundle;"
                + " HAKO_HOME=/home chroot %1$s/top /hako-runtime run --bundle /way web");
        assertThat(result.ok().out()).isEqualTo("the caller\n");
    }

    @Test
    void theProcessThatStaysShowsWhatTheCallerHas() {
        Result result = alone("%2$s create --bundle %1$s --pid-file %1$s/pid web >/dev/null 2>&1;"
                + " cd /proc/$(cat %1$s/pid)/root; ls; cat v/file");
        assertThat(result.ok().out()).startsWith("bin\n").endsWith("the caller\n");
    }

    @Test
    void hooksAreTheCallersPrograms() {
        bundle.edit(
                "\"linux\": {",
                "\"hooks\": {\"poststop\": [{\"path\": \"%s/volume/hook\"}]}, \"linux\": {".formatted(folder));
        Result result =
                alone("printf '#!/bin/sh\\ncat >%1$s/volume/state' >%1$s/volume/hook; chmod +x %1$s/volume/hook;"
                        + " %2$s run --bundle %1$s web; cat %1$s/volume/state");
        assertThat(result.ok().out()).contains("\"status\":\"stopped\"");
    }
}
