package hako.sandbox;

import com.google.protobuf.ByteString;
import hako.agent.v1.ExecProcessRequest;
import hako.agent.v1.StartResponse;
import hako.base.HakoException;
import hako.spec.ProcessSpec;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The verb exec: one more process in a running container. */
final class StartExec {
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    private final Container container;
    private final Sandbox sandbox;
    private final Sandboxes sandboxes;

    StartExec(Container container, Sandbox sandbox, Sandboxes sandboxes) {
        this.container = container;
        this.sandbox = sandbox;
        this.sandboxes = sandboxes;
    }

    ContainerProcess run(ExecRequest request) {
        return run(process(request), request.user(), request.openStdin());
    }

    ContainerProcess run(ProcessSpec spec, String user, boolean openStdin) {
        byte[] random = new byte[8];
        RANDOM.nextBytes(random);
        String id = HexFormat.of().formatHex(random);
        ContainerProcess process = sandboxes.process(sandbox, container.record(), id);
        try {
            StartResponse response = sandbox.agent()
                    .execProcess(
                            ExecProcessRequest.newBuilder()
                                    .setContainerId(container.id())
                                    .setProcessId(id)
                                    .setProcessJson(ByteString.copyFrom(spec.toJson()))
                                    .setUser(user)
                                    .setOpenStdin(openStdin)
                                    .build(),
                            TIMEOUT);
            if (response.hasFailure()) {
                throw Container.startFailure(response.getFailure());
            }
        } catch (HakoException e) {
            process.output().close();
            sandboxes.forgetExec(container.id(), id);
            throw e;
        }
        container.add(process);
        process.follow(exit -> {});
        return process;
    }

    private ProcessSpec process(ExecRequest request) {
        ProcessSpec init = container.record().spec().process();
        return new ProcessSpec(
                request.terminal(),
                request.terminal() ? request.consoleSize() : null,
                null,
                request.command(),
                merged(init == null ? List.of() : init.env(), request),
                request.workingDirectory().isEmpty() ? null : request.workingDirectory(),
                null,
                List.of(),
                null,
                null,
                null,
                null);
    }

    /** The init's environment with the request's own on top. */
    private static List<String> merged(List<String> init, ExecRequest request) {
        Map<String, String> merged = new LinkedHashMap<>();
        for (List<String> part :
                List.of(init, request.terminal() ? List.of("TERM=xterm") : List.<String>of(), request.environment())) {
            for (String variable : part) {
                merged.put(variable.split("=", 2)[0], variable);
            }
        }
        return new ArrayList<>(merged.values());
    }
}
