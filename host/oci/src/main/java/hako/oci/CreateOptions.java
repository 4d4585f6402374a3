package hako.oci;

import hako.door.Option;
import hako.door.Options;

/** What {@code create} and {@code run} have in common. */
final class CreateOptions {
    final Option<String> bundle;
    final Option<Boolean> noPivot;
    final Option<Boolean> noNewKeyring;
    final KeptOptions kept;

    CreateOptions(Options options) {
        bundle = options.text("bundle", 'b', "DIR", "The bundle's directory, if not the current one");
        noPivot = options.flag("no-pivot", "Taken, and without effect: the root is the guest's");
        noNewKeyring = options.flag("no-new-keyring", "Taken, and without effect");
        kept = new KeptOptions(options);
    }
}
