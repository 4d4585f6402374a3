package hako.network;

import hako.linux.Link;
import java.net.Inet4Address;
import java.util.Optional;

/**
 * What is noted with a tap, as its alias: whose it is and which address it has. The kernel keeps it exactly as long as
 * the tap, so it survives the daemon and cannot outlive the machine's state.
 *
 * <pre>
 * hako1 OWNER SANDBOX ADDRESS        e.g.  hako1 3fa90c12 7f3a5b1c9d0e 10.88.77.5
 * </pre>
 *
 * @param owner the daemon's tag
 * @param address as a number
 */
record Lease(String owner, String sandboxId, int address, String tap) {
    /** Names the version of the format as well. */
    private static final String MARK = "hako1";

    private static final int FIELDS = 4;

    String alias() {
        return MARK + " " + owner + " " + sandboxId + " " + Subnet.text(address);
    }

    /** Empty for a link that is none of Hako's. */
    static Optional<Lease> of(Link link) {
        String[] fields = link.alias().split(" ");
        if (fields.length != FIELDS || !fields[0].equals(MARK)) {
            return Optional.empty();
        }
        try {
            int address = Subnet.number(Inet4Address.ofLiteral(fields[3]));
            return Optional.of(new Lease(fields[1], fields[2], address, link.name()));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
