package hako.sandbox;

import hako.network.BridgeNetwork;
import hako.storage.ScratchDisk;
import hako.vm.VmDriver;
import hako.vm.VmSource;
import java.time.InstantSource;

/** What the sandboxes of a node are made from. */
public record Node(
        SandboxConfig config,
        VmSource source,
        VmDriver driver,
        BridgeNetwork network,
        ScratchDisk scratch,
        InstantSource clock) {}
