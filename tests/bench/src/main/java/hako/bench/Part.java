package hako.bench;

/**
 * A part of the memory of a sandbox: where the megabytes go.
 *
 * @param emulation whether it is there because the processor is emulated, and would not be with KVM
 */
record Part(String what, double megabytes, boolean emulation) {}
