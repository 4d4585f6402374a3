package hako.sandbox;

import hako.linux.Fd;
import hako.network.NamespaceLink;
import hako.network.NamespaceNetwork;
import hako.vm.Device;
import java.time.Duration;
import java.util.List;

/** Gives a VM the links of a network namespace: a card for each, plugged while it runs. */
final class MirrorNamespace {
    private static final Duration TIMEOUT = Duration.ofSeconds(15);

    private final Sandbox sandbox;
    private final Sandboxes sandboxes;

    MirrorNamespace(Sandbox sandbox, Sandboxes sandboxes) {
        this.sandbox = sandbox;
        this.sandboxes = sandboxes;
    }

    void run(Fd namespace) {
        List<NamespaceLink> links = NamespaceNetwork.links(namespace);
        for (int i = 0; i < links.size(); i++) {
            NamespaceLink link = links.get(i);
            String tap = NamespaceNetwork.tap(sandbox.id(), i);
            sandbox.vm().plug(new Device.Nic("net" + i, tap, link.mac()));
            NamespaceNetwork.join(namespace, tap, link);
            sandbox.agent().configureLink(Sandbox.link(link), TIMEOUT);
        }
        if (!links.isEmpty()) {
            sandboxes.save(sandbox);
        }
    }
}
