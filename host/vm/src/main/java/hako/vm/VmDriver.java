package hako.vm;

import java.util.Optional;
import java.util.function.Consumer;

/** One kind of VMM. */
public interface VmDriver {
    /** As in {@link VmRecord#driver}. */
    String name();

    /** Whether the guests' processors are programs: what the host takes of their time, they take for their own use. */
    boolean emulates();

    /** Starts a VMM with a fresh guest; see {@link VmSource#acquire}. */
    Vm launch(VmSpec spec);

    /**
     * Boots a VM, and saves it when it is ready, to be cloned.
     *
     * @param ready returns when the guest has come as far as clones are to begin
     */
    VmTemplate save(VmSpec spec, Consumer<Vm> ready);

    /** The VM of this record, if it still runs: same pid, same start time, and its monitor answers. */
    Optional<Vm> adopt(VmRecord record);
}
