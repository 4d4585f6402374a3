package hako.spec;

import io.avaje.jsonb.Json;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The default system call filter, {@code seccomp.json}: everything is allowed except what is listed. A list of refusals
 * is short, so that a guest parses, compiles and runs it quickly; the wall between containers of different sandboxes is
 * the VM, this one only narrows the guest kernel's surface.
 */
final class DefaultSeccomp {
    /** No such call: what programs take as the sign to fall back (asm-generic/errno.h). */
    private static final int ENOSYS = 38;

    private static final int EPERM = 1;

    private static final Profile PROFILE = SpecJson.read(Profile.class, resource(), "default system call filter");

    private DefaultSeccomp() {}

    /** @param unless a container with one of these capabilities is not refused */
    @Json
    record Rule(
            List<String> names,
            List<Seccomp.Argument> args,
            List<String> unless,
            @Nullable Boolean unknown) {
        Rule {
            names = Absent.list(names);
            args = Absent.list(args);
            unless = Absent.list(unless);
        }

        Seccomp.Syscall refusal() {
            return new Seccomp.Syscall(names, "SCMP_ACT_ERRNO", Boolean.TRUE.equals(unknown) ? ENOSYS : EPERM, args);
        }
    }

    /** The resource as it is written. */
    @Json
    record Profile(List<Rule> refused) {
        Profile {
            refused = Absent.list(refused);
        }
    }

    static Seccomp profile(Set<String> capabilities) {
        // One rule for all names refused alike keeps the document small.
        List<String> plain = new ArrayList<>();
        List<Seccomp.Syscall> others = new ArrayList<>();
        for (Rule rule : PROFILE.refused()) {
            if (rule.unless().stream().anyMatch(capabilities::contains)) {
                continue;
            }
            if (rule.args().isEmpty() && rule.unknown() == null) {
                plain.addAll(rule.names());
            } else {
                others.add(rule.refusal());
            }
        }
        others.addFirst(new Seccomp.Syscall(plain, "SCMP_ACT_ERRNO", EPERM, List.of()));
        return new Seccomp("SCMP_ACT_ALLOW", null, List.of("SCMP_ARCH_X86_64"), List.of(), null, null, others);
    }

    private static byte[] resource() {
        try (InputStream in = DefaultSeccomp.class.getResourceAsStream("seccomp.json")) {
            return Objects.requireNonNull(in, "seccomp.json").readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
