package hako.cli;

import hako.network.PortMapping;

/** Published ports as {@code ps} shows them. */
final class Ports {
    private Ports() {}

    /** {@code 0.0.0.0:8080->80/tcp}. */
    static String published(PortMapping port) {
        return "%s:%d->%d/%s".formatted(port.hostIp(), port.hostPort(), port.containerPort(), port.protocol());
    }
}
