package hako.it;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** How far a run has come, as the host can see it. */
enum Stage {
    /** A folder of the sandbox is there. */
    ACCEPTED {
        @Override
        boolean reached(HakoNode node, Running run) {
            return !Temporary.below(node.home().resolve("run/sandboxes")).isEmpty();
        }
    },
    /** Its VMM runs. */
    VMM {
        @Override
        boolean reached(HakoNode node, Running run) {
            return !node.vmms().isEmpty();
        }
    },
    /** Its card is plugged into the bridge. */
    PLUGGED {
        @Override
        boolean reached(HakoNode node, Running run) {
            return !node.traces().taps().isEmpty();
        }
    },
    /** Something of its folder is served to it, or its disk is made. */
    STORAGE {
        @Override
        boolean reached(HakoNode node, Running run) {
            List<Path> files = Temporary.below(node.home().resolve("lib/containers"));
            return files.stream().anyMatch(file -> file.toString().endsWith("scratch.ext4"))
                    || !node.traces().mounts().isEmpty();
        }
    },
    /** Its program has said the first word. */
    RUNNING {
        @Override
        boolean reached(HakoNode node, Running run) {
            return run.out().size() > 0;
        }
    },
    /** Its program has ended, and the run is about to. */
    ENDING {
        @Override
        boolean reached(HakoNode node, Running run) {
            return run.out().text().contains("done");
        }
    };

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    abstract boolean reached(HakoNode node, Running run);

    /** Returns as soon as the stage is reached, or the run is over. */
    void await(HakoNode node, Running run) {
        Await.until(
                "stage " + this,
                PATIENCE,
                () -> !run.isAlive() || reached(node, run),
                () -> run.err().text());
    }
}
