package hako.oci;

import hako.base.HakoException;
import hako.base.HakoException.Code;
import hako.door.CallSignals;
import hako.doorstep.Caller;
import java.io.BufferedOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** One call of the command: who called, what there is to work with, where to write. One thread. */
final class RuntimeCall {
    private final Caller caller;
    private final Services services;
    private final GlobalOptions options;
    private final RuntimeLog log;
    private final CallSignals signals;
    private final PrintStream out;

    RuntimeCall(Caller caller, Services services, GlobalOptions options, RuntimeLog log) {
        this.caller = caller;
        this.services = services;
        this.options = options;
        this.log = log;
        this.signals = new CallSignals(caller);
        this.out = new PrintStream(new BufferedOutputStream(caller.stdout()), false, StandardCharsets.UTF_8);
    }

    Caller caller() {
        return caller;
    }

    Services services() {
        return services;
    }

    GlobalOptions options() {
        return options;
    }

    RuntimeLog log() {
        return log;
    }

    CallSignals signals() {
        return signals;
    }

    /** Buffered; the end of the call flushes it. */
    PrintStream out() {
        return out;
    }

    /** What a path of the command line means. */
    Path path(String text) {
        return caller.path(text);
    }

    /** @throws HakoException INVALID_ARGUMENT for what can be no id */
    RuntimeId id(String id) {
        return new RuntimeId(options.root.value(), id);
    }

    /** @throws HakoException NOT_FOUND */
    RuntimeContainer container(String id) {
        return RuntimeContainer.find(services.sandboxes(), id(id))
                .orElseThrow(() -> HakoException.user(Code.NOT_FOUND, "container does not exist"));
    }
}
