package hako.oci;

import hako.base.HakoException;
import hako.base.HakoException.Code;
import hako.door.Options;
import java.util.List;

/** A verb that means nothing where a container lives in a VM: it says why. */
final class Refused extends Verb {
    private final String reason;

    Refused(String name, String reason) {
        super(name, "CONTAINER", "Not supported: " + reason, 0, MANY);
        this.reason = reason;
        Options known = options();
        for (String text : List.of("image-path", "work-path", "parent-path", "bundle", "pid-file", "console-socket")) {
            known.text(text, "PATH", "Taken, and without effect");
        }
    }

    @Override
    int run(RuntimeCall call, List<String> arguments) {
        throw HakoException.user(Code.UNSUPPORTED, name() + " is not supported: " + reason);
    }
}
