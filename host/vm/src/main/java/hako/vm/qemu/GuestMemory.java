package hako.vm.qemu;

/** Where a guest's memory lies. */
sealed interface GuestMemory {
    /** A file of QEMU's own, without a name. Helpers that serve the VM map it too. */
    record Fresh() implements GuestMemory {}

    /**
     * An open file that QEMU inherits.
     *
     * @param descriptor its number in QEMU
     * @param shared what the guest writes goes to the file, and helpers see it; else it stays with this VM
     */
    record OpenFile(int descriptor, boolean shared) implements GuestMemory {}

    /** The arguments of {@code -object}, without id. */
    default String backend(long megabytes) {
        return switch (this) {
            case Fresh _ -> "memory-backend-memfd,size=%dM,share=on".formatted(megabytes);
            case OpenFile(int descriptor, boolean shared) ->
                "memory-backend-file,size=%dM,mem-path=/proc/self/fd/%d,share=%s"
                        .formatted(megabytes, descriptor, shared ? "on" : "off");
        };
    }
}
