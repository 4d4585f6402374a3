package hako.linux;

import java.nio.file.Path;
import java.util.concurrent.Callable;

/**
 * Other network namespaces. A thread that entered one is thrown away: work there is done by a platform thread of its
 * own. See {@code network_namespaces(7)}, {@code setns(2)}.
 */
public final class NetworkNamespace {
    private static final int CLONE_NEWNET = 0x40000000;
    private static final Path OWN = Path.of("/proc/thread-self/ns/net");

    private NetworkNamespace() {}

    /**
     * A new one, with nothing but a loopback that is down. It lives as long as the descriptor or a process or mount in
     * it.
     */
    public static Fd create() {
        return OwnThread.call("network-namespace", () -> {
            Syscall.check(Syscall.call(Syscall.UNSHARE, CLONE_NEWNET), "unshare", "create a network namespace");
            return Fd.open(OWN, Fd.O_RDONLY, 0);
        });
    }

    /**
     * Runs {@code work} in the namespace of {@code namespace}, a descriptor of its file, and returns what it returns.
     */
    public static <T> T run(Fd namespace, Callable<T> work) {
        return OwnThread.call("network-namespace", () -> {
            Syscall.check(Syscall.call(Syscall.SETNS, namespace.number(), CLONE_NEWNET), "setns", "enter " + namespace);
            return work.call();
        });
    }
}
