package hako.linux;

/**
 * What nftables of this network namespace holds. Rules are changed by the program {@code nft}; to look costs no
 * program.
 */
public final class Nftables {
    // include/uapi/linux/netfilter/nfnetlink.h, nf_tables.h
    private static final int NFNL_SUBSYS_NFTABLES = 10;
    private static final int NFT_MSG_GETTABLE = 1;
    private static final int NFTA_TABLE_NAME = 1;
    private static final int NFPROTO_IPV4 = 2;

    private Nftables() {}

    /** Whether there is a table {@code ip NAME}. */
    public static boolean hasTable(String name) {
        NetlinkMessage request = NetlinkMessage.netfilter(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE, NFPROTO_IPV4)
                .text(NFTA_TABLE_NAME, name);
        try (NetlinkSocket socket = NetlinkSocket.open(NetlinkSocket.NETLINK_NETFILTER)) {
            socket.exchange(request, 0, "find table ip " + name);
            return true;
        } catch (LinuxException e) {
            if (e.errno() == Errno.ENOENT) {
                return false;
            }
            throw e;
        }
    }
}
