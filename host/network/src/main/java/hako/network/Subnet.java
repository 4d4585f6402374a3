package hako.network;

import hako.base.HakoException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.HexFormat;

/**
 * An IPv4 network, {@code 10.88.77.0/24}. Its first address is the gateway's, its last the broadcast.
 *
 * @param network its address, host bits zero, as the number it is
 */
public record Subnet(int network, int prefix) {
    private static final int SMALLEST = 30;

    public Subnet {
        if (prefix < 0 || prefix > 32 || (network & ~mask(prefix)) != 0) {
            throw HakoException.user(
                    HakoException.Code.INVALID_ARGUMENT,
                    "subnet " + text(network) + "/" + prefix + ": not the address of a network");
        }
    }

    /** @throws HakoException {@code INVALID_ARGUMENT} */
    public static Subnet parse(String text) {
        int slash = text.indexOf('/');
        if (slash > 0) {
            try {
                int address = number(Inet4Address.ofLiteral(text.substring(0, slash)));
                int prefix = Integer.parseInt(text.substring(slash + 1));
                if (prefix >= 8 && prefix <= SMALLEST && (address & ~mask(prefix)) == 0) {
                    return new Subnet(address, prefix);
                }
            } catch (IllegalArgumentException e) {
                // told below
            }
        }
        throw HakoException.user(
                HakoException.Code.INVALID_ARGUMENT,
                "subnet \"" + text + "\": not an IPv4 network like 10.88.77.0/24 (between /8 and /30)");
    }

    public boolean contains(int address) {
        return (address & mask(prefix)) == network;
    }

    public boolean overlaps(Subnet other) {
        int mask = mask(Math.min(prefix, other.prefix));
        return (network & mask) == (other.network & mask);
    }

    public int gateway() {
        return network + 1;
    }

    /** The first address for a container. */
    public int first() {
        return network + 2;
    }

    /** The last address for a container. */
    public int last() {
        return (network | ~mask(prefix)) - 1;
    }

    @Override
    public String toString() {
        return text(network) + "/" + prefix;
    }

    static String text(int address) {
        return (address >>> 24) + "." + (address >>> 16 & 0xFF) + "." + (address >>> 8 & 0xFF) + "." + (address & 0xFF);
    }

    static int number(InetAddress address) {
        int number = 0;
        for (byte b : address.getAddress()) {
            number = number << 8 | b & 0xFF;
        }
        return number;
    }

    /** Locally administered, {@code 02:68} and the address: unique where addresses are. */
    static String mac(int address) {
        byte[] bytes = {
            0x02, 0x68, (byte) (address >>> 24), (byte) (address >>> 16), (byte) (address >>> 8), (byte) address
        };
        return HexFormat.ofDelimiter(":").formatHex(bytes);
    }

    private static int mask(int prefix) {
        return prefix == 0 ? 0 : -1 << 32 - prefix;
    }
}
