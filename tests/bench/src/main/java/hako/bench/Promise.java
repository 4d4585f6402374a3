package hako.bench;

/** What Hako promises, and where each promise is held: the one table of bounds. */
enum Promise {
    COLD_RUN("`hako run … true`, cold VM, command to exit", Unit.RATIO, 1.35, "the bare VMM's time to PID 1", 1.6),
    TEMPLATE_RUN("`hako run … true`, VM cloned from a template, command to exit", Unit.RATIO, 8, "runc run"),
    POOL_RUN("`hako run … true`, VM from the pool, command to exit", Unit.RATIO, 3, "runc run"),
    BURST("20 sandboxes asked for at once, all running", Unit.RATIO, 0.15, "20 cold starts one after another", 0.2),
    EXEC("`hako exec … true` on a running container", Unit.RATIO, 2, "runc's exec"),
    VERSION("`hako version`, process start to exit, the daemon warm", Unit.RATIO, 2, "crun's no-op"),
    PS("`hako ps`, process start to exit, the daemon warm", Unit.RATIO, 2, "crun's no-op"),
    RUNTIME_VERSION("`hako-runtime --version`, process start to exit, the daemon warm", Unit.RATIO, 2, "crun's no-op"),
    CLONE_START("VM cloned from a template, VMM exec to its agent's answer", Unit.MILLISECONDS, 100, ""),
    STOP("stop of a container that obeys SIGTERM, to its exit reported", Unit.MILLISECONDS, 60, ""),
    AGENT_ANONYMOUS("agent: anonymous memory", Unit.KILOBYTES, 500, ""),
    AGENT_RSS("agent: RSS", Unit.MEGABYTES, 2, ""),
    AGENT_BINARY("agent: binary", Unit.MEGABYTES, 2, ""),
    DAEMON_IDLE("daemon: PSS, idle", Unit.MEGABYTES, 80, ""),
    DAEMON_PER_SANDBOX("daemon: PSS, for each sandbox", Unit.KILOBYTES, 150, ""),
    DOOR_STEP("native door-step, kept while a container runs: PSS", Unit.MEGABYTES, 1.5, ""),
    RUNTIME_DOOR_STEP("what stays of `hako-runtime` while a container runs: PSS", Unit.MEGABYTES, 1.5, ""),
    SANDBOX("host memory of one idle 256 MB sandbox, everything counted", Unit.MEGABYTES, 140, ""),
    RETURNED(
            "host memory of a sandbox within 10 s of its guest's freeing 200 MB",
            Unit.RATIO,
            1.15,
            "what it was before"),
    CROWD("100 idle sandboxes, all of which answer exec: processors they keep busy", Unit.RATIO, 0.5, "a processor"),
    CLONE("host memory of an idle cloned sandbox, one of 20, everything counted", Unit.MEGABYTES, 30, "", 48);

    private final String what;
    private final Unit unit;
    private final double most;
    private final String of;
    private final double had;

    Promise(String what, Unit unit, double most, String of) {
        this(what, unit, most, of, most);
    }

    /** @param had what there is of it now, where the promise is not kept yet */
    Promise(String what, Unit unit, double most, String of, double had) {
        this.had = had;
        this.what = what;
        this.unit = unit;
        this.most = most;
        this.of = of;
    }

    String what() {
        return what;
    }

    Unit unit() {
        return unit;
    }

    double most() {
        return most;
    }

    /** {@code 1.35 x the bare VMM's time to PID 1}. */
    String bound() {
        return unit.text(most) + (of.isEmpty() ? "" : " " + of);
    }

    boolean holds(double measured) {
        return measured <= most;
    }

    /**
     * What no change may make worse: the promise, or what there is of it, with a margin for a few rounds on a busy machine.
     * Ratios spread more than memory does; a time by itself says more of the machine than of the change, and has none.
     */
    double limit() {
        return switch (unit) {
            case RATIO -> had * 1.5;
            case MILLISECONDS -> Double.POSITIVE_INFINITY;
            default -> had * 1.2;
        };
    }
}
