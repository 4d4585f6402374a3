package hako.it;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** A pod at a CRI server, with what is asked of it by crictl. */
record CriPod(CriServer server, String id, Path config, Share share) {
    static final String HOSTNAME = "together";

    private static final AtomicInteger LOGS = new AtomicInteger();

    /** What its containers have together, or with the host; runtime.v1.NamespaceOption. */
    enum Share {
        /** As the kubelet asks for by default: each container has processes of its own. */
        NETWORK_AND_IPC("\"pid\": 1"),
        PROCESSES("\"pid\": 0"),
        NETWORK_OF_THE_HOST("\"network\": 2, \"pid\": 1");

        private final String options;

        Share(String options) {
            this.options = options;
        }
    }

    /** @param linux more of its configuration, with a comma behind each */
    static CriPod run(CriServer server, String name, Share share, String linux) {
        Path config = configure(server, name, share, linux);
        return new CriPod(server, tryRun(server, config).ok().out().strip(), config, share);
    }

    static Result tryRun(CriServer server, Path config) {
        return server.crictl("runp", "-r", "hako", config.toString());
    }

    static Path configure(CriServer server, String name, Share share, String linux) {
        return Temporary.write(server.folder().resolve(name + ".json"), """
                {
                  "metadata": {"name": "%1$s", "namespace": "default", "uid": "%1$s"},
                  "hostname": "%2$s",
                  "log_directory": "%3$s",
                  "dns_config": {"servers": ["10.77.0.9"], "searches": ["pods.test"]},
                  "linux": {%6$s "cgroup_parent": "%4$s", "security_context": {"namespace_options": {%5$s}}}
                }
                """.formatted(
                        name,
                        HOSTNAME,
                        server.folder().resolve("logs/" + LOGS.incrementAndGet()),
                        server.cgroup(),
                        share.options,
                        linux));
    }

    /** A container that runs. @return its id */
    String start(String name, String script) {
        return start(name, script, 64);
    }

    String start(String name, String script, int memoryMib) {
        String container = tryCreate(name, script, memoryMib).ok().out().strip();
        server.crictl("start", container).ok();
        return container;
    }

    Result tryCreate(String name, String script, int memoryMib) {
        Path container = Temporary.write(server.folder().resolve(name + "-container.json"), """
                {
                  "metadata": {"name": "%1$s"},
                  "image": {"image": "%2$s"},
                  "command": ["sh", "-c", %3$s],
                  "log_path": "%1$s.log",
                  "linux": {
                    "resources": {"memory_limit_in_bytes": %4$d},
                    "security_context": {"namespace_options": {%5$s}}
                  }
                }
                """.formatted(
                        name, CriServer.IMAGE, Json.quoted(script), (long) memoryMib << 20, share.options));
        return server.crictl("create", id, container.toString(), config.toString());
    }

    Path log(String name) {
        return Path.of(Json.parse(Temporary.read(config)).at("log_directory").text(), name + ".log");
    }

    String exec(String container, String... command) {
        List<String> line = new ArrayList<>(List.of("exec", container));
        line.addAll(List.of(command));
        return server.crictl(line.toArray(String[]::new)).ok().out();
    }

    Json inspect(String container) {
        return Json.parse(server.crictl("inspect", container).ok().out()).at("status");
    }

    String state(String container) {
        return inspect(container).at("state").text();
    }

    String reason(String container) {
        return inspect(container).at("reason").text();
    }

    long exitCode(String container) {
        return inspect(container).at("exitCode").number();
    }

    String address() {
        return Json.parse(server.crictl("inspectp", id).ok().out())
                .at("status.network.ip")
                .text();
    }
}
