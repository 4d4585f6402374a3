package hako.vm;

/**
 * How a VM ended.
 *
 * @param cause decides
 * @param reason a sentence for people: what happened, with the end of the guest's console where that tells more
 */
public record VmExit(Cause cause, String reason) {
    public enum Cause {
        /** We asked: {@link Vm#kill} or a shutdown by the agent. */
        ASKED,
        /** The guest's kernel panicked or reset the machine. */
        GUEST_PANIC,
        /** It did not do what a guest must, and we ended it: {@link Vm#end}. */
        GUEST_REFUSED,
        /** The VMM was killed or crashed. */
        VMM_DIED
    }
}
