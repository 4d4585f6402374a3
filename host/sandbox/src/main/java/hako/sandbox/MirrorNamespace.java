package hako.sandbox;

import hako.base.HakoException;
import hako.base.HakoException.Code;
import hako.base.HakoException.Kind;
import hako.base.Undo;
import hako.linux.Fd;
import hako.network.NamespaceLink;
import hako.network.NamespaceNetwork;
import hako.network.WiredNamespace;
import hako.vm.Device;
import java.io.IOException;
import java.time.Duration;
import java.util.List;

/** Gives a VM the links of a network namespace: a card for each, plugged while it runs. */
final class MirrorNamespace {
    private static final Duration TIMEOUT = Duration.ofSeconds(15);

    private final Sandbox sandbox;
    private final Sandboxes sandboxes;
    private final WiredNamespace namespace;

    MirrorNamespace(Sandbox sandbox, Sandboxes sandboxes, WiredNamespace namespace) {
        this.sandbox = sandbox;
        this.sandboxes = sandboxes;
        this.namespace = namespace;
    }

    /** All of its links, or none. */
    void run() {
        try (Fd open = namespace.open().orElseThrow(() -> failed(namespace, "it is gone"))) {
            List<NamespaceLink> links = NamespaceNetwork.links(open, sandbox.id());
            if (!links.isEmpty()) {
                give(open, links);
            }
        } catch (IOException e) {
            throw failed(namespace, e.toString());
        }
    }

    private void give(Fd open, List<NamespaceLink> links) {
        try (Undo undo = new Undo()) {
            undo.add(this::forget);
            sandbox.joins(namespace);
            sandboxes.save(sandbox); // whoever finds this sandbox gone takes the redirects back
            for (int i = 0; i < links.size(); i++) {
                NamespaceLink link = links.get(i);
                String card = "net" + i;
                String tap = NamespaceNetwork.tap(sandbox.id(), i);
                sandbox.vm().plug(new Device.Nic(card, tap, link.mac()));
                undo.add(() -> sandbox.vm().unplug(card));
                NamespaceNetwork.join(open, sandbox.id(), tap, link);
                sandbox.agent().configureLink(Sandbox.link(link), TIMEOUT);
            }
            sandboxes.save(sandbox);
            undo.release();
        }
    }

    private void forget() {
        part(sandbox.id(), namespace);
        sandbox.joins(null);
        sandboxes.save(sandbox);
    }

    /** Whoever wired it has its links again. */
    static void part(String sandboxId, WiredNamespace namespace) {
        try {
            NamespaceNetwork.part(namespace, sandboxId);
        } catch (IOException e) {
            throw failed(namespace, e.toString());
        }
    }

    private static HakoException failed(WiredNamespace namespace, String fact) {
        return new HakoException(
                Kind.EXTERNAL, Code.UNAVAILABLE, "network namespace %s: %s".formatted(namespace.path(), fact));
    }
}
