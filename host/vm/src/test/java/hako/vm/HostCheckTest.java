package hako.vm;

import static org.assertj.core.api.Assertions.assertThat;

import hako.vm.HostCheck.Fact;
import hako.vm.HostCheck.Status;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostCheckTest {
    @TempDir
    Path root;

    @Test
    void anEmptyHostIsToldWhatToDo() {
        Map<String, Fact> facts = check();

        assertThat(facts.values()).allSatisfy(fact -> {
            assertThat(fact.status()).isNotEqualTo(Status.OK);
            assertThat(fact.mend()).isNotEmpty();
        });
        assertThat(facts.get("qemu"))
                .isEqualTo(new Fact(
                        "qemu", Status.FAIL, "no qemu-system-x86_64", "install qemu-system-x86 or set vm.qemu"));
        assertThat(facts.get("accelerator").fact()).isEqualTo("software emulation: there is no /dev/kvm");
    }

    @Test
    void whatIsThereIsShownWithItsPlaceAndVersion() throws IOException {
        program("usr/bin/qemu-system-x86_64", "echo 'QEMU emulator version 7.2.22 (Debian 1:7.2)'");
        program("usr/bin/mkfs.erofs", "true");
        program("usr/lib/qemu/virtiofsd", "true");
        Files.write(root.resolve("vmlinux"), new byte[20_000_000]);
        Files.createDirectories(root.resolve("sys/fs/cgroup/unified"));
        Files.createFile(root.resolve("sys/fs/cgroup/unified/cgroup.controllers"));

        Map<String, Fact> facts = check();

        assertThat(facts.get("qemu").fact()).isEqualTo(root + "/usr/bin/qemu-system-x86_64, version 7.2.22");
        assertThat(facts.get("kernel").fact()).isEqualTo(root + "/vmlinux, 20000 KB");
        assertThat(List.of("qemu", "kernel", "virtiofsd", "mkfs.erofs", "cgroups"))
                .allSatisfy(name -> assertThat(facts.get(name).status()).isEqualTo(Status.OK));
    }

    private Map<String, Fact> check() {
        HostCheck check = new HostCheck(
                root,
                Accelerator.find(Accelerator.Choice.AUTO, root),
                Path.of("qemu-system-x86_64"),
                root.resolve("vmlinux"),
                root.resolve("initramfs"),
                List.of(root.resolve("usr/lib/qemu/virtiofsd")));
        return check.facts().stream().collect(Collectors.toMap(Fact::name, fact -> fact));
    }

    private void program(String path, String script) throws IOException {
        Path file = root.resolve(path);
        Files.createDirectories(file.getParent());
        Files.writeString(file, "#!/bin/sh\n" + script + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
}
