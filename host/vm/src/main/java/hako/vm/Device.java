package hako.vm;

import hako.linux.HostDevice;
import java.nio.file.Path;

/** What can be plugged into a running VM. */
public sealed interface Device {
    /** Unique within the VM; letters, digits, {@code -}; at most 20 characters. */
    String id();

    /** A raw disk image or block device; the guest finds it by its serial number, which is {@code id}. */
    record Disk(String id, Path image, boolean readOnly) implements Device {}

    /** A block device of the host, which is only plugged; found as a disk is. Where it is written, it is this VM's alone. */
    record HostDisk(String id, HostDevice source, boolean readOnly) implements Device {}

    /** A host directory, served by virtiofs (or what the VM has); the guest finds it by its tag, which is {@code id}. */
    record SharedDirectory(String id, Path directory) implements Device {}

    /** Memory on top of what the guest booted with; at first it has none of it. See {@link Vm#resize}. */
    record Memory(String id, long mostBytes) implements Device {}

    /** A network card on an existing tap; the guest finds it by its MAC address. */
    record Nic(String id, String tap, String mac) implements Device {}
}
