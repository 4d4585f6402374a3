package hako.vm.qemu;

import hako.vm.Accelerator;
import hako.vm.VmSpec;
import java.util.ArrayList;
import java.util.List;

/**
 * The guest kernel's command line ({@code Documentation/admin-guide/kernel-parameters.txt}). What stands here beyond the
 * console was measured; docs/performance.md has the numbers.
 */
final class KernelArguments {
    /** Ticks a second the guest's kernel is built with; the loops of its delays are counted for one. */
    private static final int HZ = 100;

    /** Loops where the TSC's rate is unknown: delays are then longer than asked for on processors below 2 GHz. */
    private static final long UNKNOWN_LPJ = 2_000_000 * (1000L / HZ);

    private KernelArguments() {}

    static String of(Accelerator accelerator, VmSpec spec, List<String> more) {
        List<String> arguments = new ArrayList<>(List.of("console=ttyS0", "quiet"));
        // A panic resets at once, a reset is a triple fault at once, and QEMU turns the first reset into the end.
        arguments.addAll(List.of("panic=-1", "reboot=t"));
        // After an oops, whoever needs what it held waits for good: a VM that hangs instead of one that says why it
        // ended.
        arguments.add("oops=panic");
        // Hotpluggable memory would cost 64 MB for bounce buffers that no device of ours needs.
        arguments.add("swiotlb=noforce");
        // Links have IPv6 when they are given an address (guest/agent, link.rs).
        arguments.add("ipv6.disable_ipv6=1");
        // Memory that is plugged is used at once, and mostly for what can be moved, so that it can be taken back.
        arguments.addAll(List.of("memhp_default_state=online", "memory_hotplug.online_policy=auto-movable"));
        if (spec.vcpus() > 1) {
            // One processor boots quickest; the agent brings the others online when it is asked.
            arguments.add("maxcpus=1");
        }
        switch (accelerator) {
            case Accelerator.Kvm _ -> {}
            case Accelerator.Emulation(var _, int tscKhz) -> arguments.addAll(emulated(tscKhz, spec));
        }
        arguments.addAll(more);
        return String.join(" ", arguments);
    }

    private static List<String> emulated(int tscKhz, VmSpec spec) {
        List<String> arguments = new ArrayList<>();
        if (spec.sharesDirectories()) {
            // What virtiofsd writes into a page, QEMU does not see, and executes what it once translated there: from
            // QEMU 8 on at any address. A page that the guest has cleared before has nothing translated.
            arguments.add("init_on_alloc=1");
        }
        // Patching each lock prefix away for a single processor: 100-200 ms of translated code thrown away.
        arguments.add("noreplace-smp");
        // Whether the timer interrupt arrives is known: 40 ms.
        arguments.add("no_timer_check");
        // Measuring the local APIC's timer waits 200 ms. Our kernel is told its rate instead (guest/os/patch-kernel),
        // which in QEMU is fixed: hw/intc/apic.c counts nanoseconds. Any other does without it; the HPET serves all its
        // processors.
        arguments.addAll(List.of("nolapic_timer", "lapic_timer_hz=1000000000"));
        // The emulated TSC is the host's: it neither stops nor drifts, and stalls of the host are no sign of it.
        arguments.add("tsc=reliable");
        if (tscKhz > 0) {
            // Measuring it costs 50 ms and is wrong by up to 0.3% under emulation.
            arguments.add("tsc_early_khz=" + tscKhz);
        }
        // Calibrating a processor that comes online fails under emulation, after 2.6 s; waking it waits for what
        // hardware needed.
        arguments.add("lpj=" + (tscKhz > 0 ? tscKhz * (1000L / HZ) : UNKNOWN_LPJ));
        arguments.add("cpu_init_udelay=0");
        return arguments;
    }
}
