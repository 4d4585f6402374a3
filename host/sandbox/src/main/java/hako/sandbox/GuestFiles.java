package hako.sandbox;

import com.google.protobuf.ByteString;
import hako.agent.v1.GuestFile;
import hako.network.Endpoint;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The files of a container that the host writes: who it is, and whom it asks for names. */
final class GuestFiles {
    private static final String HOSTS = "/etc/hosts";
    private static final String HOSTNAME = "/etc/hostname";
    private static final String RESOLV_CONF = "/etc/resolv.conf";

    private GuestFiles() {}

    /**
     * @param network of a namespace: whoever made that has written them
     * @param endpoint null: it is on no network
     * @param defaults name servers of the node's configuration
     */
    static List<GuestFile> of(NetworkRequest network, @Nullable Endpoint endpoint, List<String> defaults) {
        if (network.mode() == NetworkRequest.Mode.NAMESPACE) {
            return List.of();
        }
        StringBuilder hosts = new StringBuilder("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n");
        StringBuilder resolv = new StringBuilder();
        if (endpoint != null) {
            hosts.append(endpoint.ip()).append('\t').append(network.hostname()).append('\n');
            Stream.of(network.dns(), defaults, endpoint.dns())
                    .filter(list -> !list.isEmpty())
                    .findFirst()
                    .orElse(List.of())
                    .forEach(server ->
                            resolv.append("nameserver ").append(server).append('\n'));
        }
        return List.of(
                file(HOSTS, hosts.toString()),
                file(HOSTNAME, network.hostname() + "\n"),
                file(RESOLV_CONF, resolv.toString()));
    }

    /** The same ones, to be written later. */
    static List<GuestFile> empty() {
        return List.of(file(HOSTS, ""), file(HOSTNAME, ""), file(RESOLV_CONF, ""));
    }

    private static GuestFile file(String path, String content) {
        return GuestFile.newBuilder()
                .setPath(path)
                .setMode(0644)
                .setContent(ByteString.copyFrom(content, StandardCharsets.UTF_8))
                .build();
    }
}
