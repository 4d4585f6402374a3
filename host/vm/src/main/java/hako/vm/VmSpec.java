package hako.vm;

import java.nio.file.Path;

/**
 * The size and place of a VM.
 *
 * @param id identifies the VM in names, logs and sockets; the sandbox's id
 * @param directory the VM's own run directory, made by the caller: sockets, console, logs
 * @param vcpus 1 or more; those after the first come online when the agent is asked
 * @param memoryBytes all of the guest's memory: the container's limit and the guest's own need
 */
public record VmSpec(String id, Path directory, int vcpus, long memoryBytes) {}
