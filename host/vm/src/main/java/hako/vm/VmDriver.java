package hako.vm;

import java.util.Optional;

/** One kind of VMM. */
public interface VmDriver {
    /** As in {@link VmRecord#driver}. */
    String name();

    /** Starts a VMM with a fresh guest; see {@link VmSource#acquire}. */
    Vm launch(VmSpec spec);

    /** The VM of this record, if it still runs: same pid, same start time, and its monitor answers. */
    Optional<Vm> adopt(VmRecord record);
}
