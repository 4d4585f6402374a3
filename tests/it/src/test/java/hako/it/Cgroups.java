package hako.it;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Cgroups of this host. */
final class Cgroups {
    private Cgroups() {}

    /** The folders of one, each in another hierarchy. @param place with a slash before it */
    static List<Path> of(String place) {
        return Temporary.read(Path.of("/proc/self/mountinfo"))
                .lines()
                .filter(line -> line.contains(" - cgroup"))
                .map(line -> Path.of(line.split(" ")[4] + place))
                .toList();
    }

    /** The first of these files that one has, in whichever hierarchy. */
    static String text(String place, String... files) {
        return of(place).stream()
                .flatMap(folder -> Stream.of(files).map(folder::resolve))
                .filter(Files::exists)
                .map(file -> Temporary.read(file).strip())
                .findFirst()
                .orElseThrow();
    }

    /** The number in the first of these files that one has, in whichever hierarchy. */
    static long value(String place, String... files) {
        return Long.parseLong(text(place, files));
    }

    /** Where CPU time is limited. */
    static String timedMembership(long pid) {
        List<String> lines = Temporary.read(Path.of("/proc", Long.toString(pid), "cgroup"))
                .lines()
                .toList();
        return lines.stream()
                .filter(line -> line.matches("\\d+:(.*,)?cpu(,.*)?:.*"))
                .findFirst()
                .orElseGet(() -> lines.getLast())
                .split(":", 3)[2];
    }

    /** The same without the hierarchy that counts processes and does nothing else. */
    static List<String> membershipButPids(long pid) {
        return Temporary.read(Path.of("/proc", Long.toString(pid), "cgroup"))
                .lines()
                .filter(line -> !line.contains(":pids:"))
                .map(line -> line.split(":", 3)[2])
                .toList();
    }

    /** Where a process is, by hierarchy. */
    static List<String> membership(long pid) {
        return Temporary.read(Path.of("/proc", Long.toString(pid), "cgroup"))
                .lines()
                .map(line -> line.split(":", 3)[2])
                .toList();
    }
}
