package hako.it;

/** What an HTTP server says. */
final class Page {
    private Page() {}

    /** Seen from a network namespace: the last line of its answer; empty where there is none. */
    static String read(String namespace, String address, int port) {
        String script = "exec 3<>/dev/tcp/%s/%d && printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3 && tail -n 1 <&3";
        return Command.of(
                        "nsenter", "--net=" + namespace, "timeout", "5", "bash", "-c", script.formatted(address, port))
                .run()
                .out();
    }
}
