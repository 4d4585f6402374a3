package hako.vm;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What executes the guest's instructions on this host, and why. */
public sealed interface Accelerator {
    /** A sentence for people. */
    String reason();

    /** The processor, through {@code /dev/kvm}. */
    record Kvm(String reason) implements Accelerator {}

    /**
     * Software: about 15 times slower where the guest computes.
     *
     * @param tscKhz what the guest's time stamp counter counts in a millisecond, which is the host's; 0 where it cannot
     *     be told. A guest that is told needs not measure it, which under emulation is slow and inaccurate.
     */
    record Emulation(String reason, int tscKhz) implements Accelerator {}

    /** What configuration asks for. */
    enum Choice {
        AUTO,
        KVM,
        TCG
    }

    /** By proof: a {@code /dev/kvm} that opens is not enough, the processor must show vmx or svm. */
    static Accelerator find(Choice choice) {
        return find(choice, Path.of("/"));
    }

    /** @param root where {@code dev}, {@code proc} and {@code sys} are */
    static Accelerator find(Choice choice, Path root) {
        CpuInfo cpu = CpuInfo.read(root);
        return switch (choice) {
            case TCG -> new Emulation("asked for by the configuration", cpu.tscKhz());
            case KVM -> new Kvm("asked for by the configuration");
            case AUTO -> prove(root.resolve("dev/kvm"), cpu);
        };
    }

    private static Accelerator prove(Path kvm, CpuInfo cpu) {
        String refusal = refusal(kvm);
        if (!refusal.isEmpty()) {
            return new Emulation(refusal, cpu.tscKhz());
        }
        if (!cpu.virtualises()) {
            return new Emulation(
                    "/dev/kvm opens, but the processor shows neither vmx nor svm: such a KVM cannot run this guest",
                    cpu.tscKhz());
        }
        return new Kvm("/dev/kvm opens and the processor shows " + cpu.virtualisationFlag());
    }

    private static String refusal(Path kvm) {
        if (!Files.exists(kvm)) {
            return "there is no /dev/kvm";
        }
        try (FileChannel _ = FileChannel.open(kvm, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            return "";
        } catch (IOException e) {
            return "/dev/kvm does not open: " + e.getMessage();
        }
    }

    /** What {@code /proc/cpuinfo} says of the first processor. */
    record CpuInfo(List<String> flags, int tscKhz) {
        private static final Pattern MHZ = Pattern.compile("(?m)^cpu MHz\\s*: (\\d+)\\.(\\d{3})");
        private static final Pattern FLAGS = Pattern.compile("(?m)^flags\\s*: (.*)$");

        static CpuInfo read(Path root) {
            String text = "";
            try {
                text = Files.readString(root.resolve("proc/cpuinfo"));
            } catch (IOException e) {
                // No such file, no flags: nothing is claimed.
            }
            Matcher flags = FLAGS.matcher(text);
            List<String> list = flags.find() ? List.of(flags.group(1).split(" ")) : List.of();
            boolean scaled = Files.exists(root.resolve("sys/devices/system/cpu/cpu0/cpufreq"));
            Matcher mhz = MHZ.matcher(text);
            return new CpuInfo(list, mhz.find() && isTscRate(list, scaled) ? khz(mhz) : 0);
        }

        /**
         * "cpu MHz" is the TSC's rate only where the frequency is not scaled and cannot be measured:
         * {@code arch/x86/kernel/cpu/proc.c}, {@code show_cpuinfo}.
         */
        private static boolean isTscRate(List<String> flags, boolean scaled) {
            return !scaled && flags.contains("constant_tsc") && !flags.contains("aperfmperf");
        }

        private static int khz(Matcher mhz) {
            return Integer.parseInt(mhz.group(1)) * 1000 + Integer.parseInt(mhz.group(2));
        }

        boolean virtualises() {
            return !virtualisationFlag().isEmpty();
        }

        String virtualisationFlag() {
            return Stream.of("vmx", "svm").filter(flags::contains).findFirst().orElse("");
        }
    }
}
