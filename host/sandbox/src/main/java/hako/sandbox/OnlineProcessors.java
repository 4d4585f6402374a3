package hako.sandbox;

import hako.agent.v1.OnlineCpusRequest;
import java.time.Duration;

/** Those of a sandbox's VM that its guest uses; the others wait. Threads: whoever holds {@link Sandbox#changing}. */
record OnlineProcessors(Sandbox sandbox) {
    private static final Duration TIMEOUT = Duration.ofSeconds(10);

    /** @return how many are online now: fewer where the VM has not so many */
    int atLeast(int wanted) {
        int online = sandbox.agent().check(TIMEOUT).getCpusOnline();
        return wanted > online ? set(wanted) : online;
    }

    int set(int wanted) {
        return sandbox.agent()
                .onlineCpus(OnlineCpusRequest.newBuilder().setCount(wanted).build(), TIMEOUT)
                .getOnline();
    }
}
