package hako.cli;

import hako.door.Json;
import hako.door.Signals;
import hako.network.PortMapping;
import hako.sandbox.Container;
import hako.sandbox.ContainerRecord;
import hako.sandbox.ContainerState;
import hako.sandbox.ExitReport;
import hako.spec.LinuxResources;
import hako.spec.MountSpec;
import hako.spec.ProcessSpec;
import hako.spec.RuntimeSpec;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A container as {@code inspect} shows it: Docker's shape, and what Docker does not have, below {@code Vm}. */
final class ContainerFacts {
    /** As Go writes the time that never was. */
    private static final String NEVER = "0001-01-01T00:00:00Z";

    private ContainerFacts() {}

    static Map<String, @Nullable Object> of(Container container) {
        return of(container.record(), container.state(), container.address(), container.vmPid());
    }

    static Map<String, @Nullable Object> of(ContainerRecord record, ContainerState state, String address, long vmPid) {
        RuntimeSpec spec = record.spec();
        ProcessSpec process = spec.process();
        List<String> command = process == null ? List.of() : process.args();
        return Json.object(
                "Id", record.id(),
                "Created", record.createdAt(),
                "Path", command.isEmpty() ? "" : command.getFirst(),
                "Args", command.isEmpty() ? command : command.subList(1, command.size()),
                "State", state(state, vmPid),
                "Image", record.imageId(),
                "Name", "/" + record.name(),
                "HostConfig", host(record),
                "Mounts", mounts(spec),
                "Config", config(record, process),
                "NetworkSettings",
                        Json.object(
                                "IPAddress", address, "Ports", ports(record), "Networks", networks(record, address)),
                "Vm", Json.object("Id", record.sandboxId(), "Pid", vmPid));
    }

    private static Map<String, @Nullable Object> state(ContainerState state, long vmPid) {
        ExitReport exit = state instanceof ContainerState.Stopped(Instant _, ExitReport report) ? report : null;
        boolean paused = state instanceof ContainerState.Paused;
        return Json.object(
                "Status",
                state.label(),
                "Running",
                paused || state instanceof ContainerState.Running,
                "Paused",
                paused,
                "Restarting",
                false,
                "OOMKilled",
                exit != null && exit.oomKilled(),
                "Dead",
                false,
                "Pid",
                vmPid,
                "ExitCode",
                exit == null ? 0 : exit.code(),
                "Error",
                exit == null ? "" : exit.reason(),
                "StartedAt",
                state.startedAt().equals(Instant.EPOCH) ? NEVER : state.startedAt(),
                "FinishedAt",
                exit == null ? NEVER : exit.at());
    }

    private static Map<String, @Nullable Object> host(ContainerRecord record) {
        LinuxResources resources =
                record.spec().linux() == null ? null : record.spec().linux().resources();
        LinuxResources.Memory memory = resources == null ? null : resources.memory();
        LinuxResources.Cpu cpu = resources == null ? null : resources.cpu();
        LinuxResources.Pids pids = resources == null ? null : resources.pids();
        RuntimeSpec.Root root = record.spec().root();
        return Json.object(
                "NetworkMode",
                record.networkMode(),
                "AutoRemove",
                record.autoRemove(),
                "ReadonlyRootfs",
                root != null && Boolean.TRUE.equals(root.readonly()),
                "Memory",
                memory == null || memory.limit() == null ? 0 : memory.limit(),
                "CpuQuota",
                cpu == null || cpu.quota() == null ? 0 : cpu.quota(),
                "CpuPeriod",
                cpu == null || cpu.period() == null ? 0 : cpu.period(),
                "PidsLimit",
                pids == null ? 0 : pids.limit(),
                "Binds",
                record.spec().mounts().stream()
                        .filter(mount -> "bind".equals(mount.type()))
                        .map(mount -> mount.source() + ":" + mount.destination()
                                + (mount.options().contains("ro") ? ":ro" : ""))
                        .toList(),
                "PortBindings",
                ports(record));
    }

    private static List<Map<String, @Nullable Object>> mounts(RuntimeSpec spec) {
        return spec.mounts().stream()
                .filter(mount -> "bind".equals(mount.type()))
                .map(ContainerFacts::mount)
                .toList();
    }

    private static Map<String, @Nullable Object> mount(MountSpec mount) {
        return Json.object(
                "Type",
                "bind",
                "Source",
                mount.source(),
                "Destination",
                mount.destination(),
                "RW",
                !mount.options().contains("ro"));
    }

    private static Map<String, @Nullable Object> config(ContainerRecord record, @Nullable ProcessSpec process) {
        return Json.object(
                "Hostname", record.hostname(),
                "User", record.user(),
                "Tty", record.terminal(),
                "OpenStdin", record.openStdin(),
                "Env", process == null ? List.of() : process.env(),
                "Cmd", process == null ? List.of() : process.args(),
                "Image", record.image(),
                "WorkingDir", process == null ? "" : process.cwd(),
                "Labels", record.labels(),
                "StopSignal", Signals.name(record.stopSignal()));
    }

    private static Map<String, @Nullable Object> ports(ContainerRecord record) {
        Map<String, @Nullable Object> ports = new LinkedHashMap<>();
        for (PortMapping port : record.ports()) {
            String key = port.containerPort() + "/" + port.protocol();
            List<Object> bindings = new ArrayList<>();
            if (ports.get(key) instanceof List<?> before) {
                bindings.addAll(before);
            }
            bindings.add(Json.object("HostIp", port.hostIp(), "HostPort", String.valueOf(port.hostPort())));
            ports.put(key, bindings);
        }
        return ports;
    }

    private static Map<String, @Nullable Object> networks(ContainerRecord record, String address) {
        return address.isEmpty() ? Json.object() : Json.object(record.networkMode(), Json.object("IPAddress", address));
    }
}
