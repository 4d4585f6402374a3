package hako.network;

import hako.base.HakoException;
import java.net.Inet4Address;
import java.net.InetAddress;

/**
 * A port of the host that leads to one of the container: {@code -p [IP:][HOST]:CONTAINER[/tcp|/udp]}.
 *
 * @param hostIp an IPv4 address of the host; {@code 0.0.0.0} for all
 * @param hostPort 0: any that is free
 * @param protocol {@code tcp} or {@code udp}
 */
public record PortMapping(String hostIp, int hostPort, int containerPort, String protocol) {
    static final String ANY = "0.0.0.0";

    private static final int HIGHEST = 65_535;

    /**
     * {@code 8080:80}, {@code 127.0.0.1:8080:80/udp}; {@code 80} and {@code 127.0.0.1::80} leave the host port to
     * choice.
     *
     * @throws HakoException {@code INVALID_ARGUMENT}
     */
    public static PortMapping parse(String text) {
        String ports = text;
        String protocol = "tcp";
        int slash = text.indexOf('/');
        if (slash >= 0) {
            protocol = text.substring(slash + 1);
            ports = text.substring(0, slash);
            if (!protocol.equals("tcp") && !protocol.equals("udp")) {
                throw invalid(text, "the protocol is tcp or udp, not \"" + protocol + "\"");
            }
        }
        if (ports.indexOf('[') >= 0) {
            throw invalid(text, "published on IPv4 addresses only");
        }
        String[] parts = ports.split(":", -1);
        return switch (parts.length) {
            case 1 -> new PortMapping(ANY, 0, port(text, "container", parts[0]), protocol);
            case 2 -> new PortMapping(ANY, hostPort(text, parts[0]), port(text, "container", parts[1]), protocol);
            case 3 ->
                new PortMapping(
                        ip(text, parts[0]), hostPort(text, parts[1]), port(text, "container", parts[2]), protocol);
            default -> throw invalid(text, "expected [IP:]HOST:CONTAINER[/tcp|/udp]");
        };
    }

    /** {@code 8080/tcp}, with the address in front unless it is all. */
    String hostName() {
        return (hostIp.equals(ANY) ? "" : hostIp + ":") + hostPort + "/" + protocol;
    }

    PortMapping withHostPort(int port) {
        return new PortMapping(hostIp, port, containerPort, protocol);
    }

    @Override
    public String toString() {
        return hostIp + ":" + hostPort + "->" + containerPort + "/" + protocol;
    }

    private static int hostPort(String text, String port) {
        return port.isEmpty() ? 0 : port(text, "host", port);
    }

    private static int port(String text, String whose, String port) {
        if (port.indexOf('-') > 0) {
            throw invalid(text, "ranges are not supported; publish each port");
        }
        try {
            int number = Integer.parseInt(port);
            if (number >= 1 && number <= HIGHEST && Character.isDigit(port.charAt(0))) {
                return number;
            }
        } catch (NumberFormatException e) {
            // told below
        }
        throw invalid(text, "the " + whose + " port is a number from 1 to 65535, not \"" + port + "\"");
    }

    private static String ip(String text, String ip) {
        try {
            InetAddress address = Inet4Address.ofLiteral(ip);
            return address.isAnyLocalAddress() ? ANY : address.getHostAddress();
        } catch (IllegalArgumentException e) {
            throw invalid(text, "\"" + ip + "\" is not an IPv4 address");
        }
    }

    private static HakoException invalid(String text, String fact) {
        return HakoException.user(HakoException.Code.INVALID_ARGUMENT, "publish port \"" + text + "\": " + fact);
    }
}
