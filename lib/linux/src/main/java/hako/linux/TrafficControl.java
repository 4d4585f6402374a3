package hako.linux;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Requests about what the kernel does with frames on their way in: {@code tc(8)}. */
final class TrafficControl {
    // include/uapi/linux/rtnetlink.h
    private static final int RTM_NEWQDISC = 36;
    private static final int RTM_DELQDISC = 37;
    private static final int RTM_GETQDISC = 38;
    private static final int RTM_NEWTFILTER = 44;
    private static final int TCA_KIND = 1;
    private static final int TCA_OPTIONS = 2;

    // include/uapi/linux/pkt_sched.h
    private static final int TC_H_INGRESS = 0xFFFFFFF1;
    private static final int INGRESS_HANDLE = 0xFFFF0000;

    // include/uapi/linux/pkt_cls.h
    private static final int TCA_U32_SEL = 5;
    private static final int TCA_U32_ACT = 7;
    private static final byte TC_U32_TERMINAL = 1;
    private static final int TCA_BPF_FD = 6;
    private static final int TCA_BPF_NAME = 7;
    private static final int TCA_BPF_FLAGS = 8;
    private static final int TCA_BPF_FLAG_ACT_DIRECT = 1;
    private static final int SELECTOR_SIZE = 16;
    private static final int KEY_SIZE = 16;
    private static final int TCA_ACT_KIND = 1;
    private static final int TCA_ACT_OPTIONS = 2;
    private static final int TC_ACT_STOLEN = 4;

    // include/uapi/linux/tc_act/tc_mirred.h
    private static final int TCA_MIRRED_PARMS = 2;
    private static final int TCA_EGRESS_REDIR = 1;

    /** Priority 1, and every protocol: {@code htons(ETH_P_ALL)} (include/uapi/linux/if_ether.h). */
    private static final int FIRST_OF_ALL_PROTOCOLS = 1 << 16 | 0x0300;

    private TrafficControl() {}

    /** Asks for what is there on all links. */
    static NetlinkMessage all() {
        return NetlinkMessage.traffic(RTM_GETQDISC, 0, 0, 0, 0);
    }

    /** Whether this is a place for filters on what comes in, the link's index being at 4. */
    static boolean isIngress(NetlinkMessage message) {
        return message.type() == RTM_NEWQDISC && message.i32(12) == TC_H_INGRESS;
    }

    /** A place for filters on what comes in. */
    static NetlinkMessage ingress(Link link) {
        return NetlinkMessage.traffic(RTM_NEWQDISC, link.index(), INGRESS_HANDLE, TC_H_INGRESS, 0)
                .text(TCA_KIND, "ingress");
    }

    /** That place goes, with the filters in it; a place of another kind is another's. */
    static NetlinkMessage noIngress(Link link) {
        return NetlinkMessage.traffic(RTM_DELQDISC, link.index(), INGRESS_HANDLE, TC_H_INGRESS, 0)
                .text(TCA_KIND, "ingress");
    }

    /** A filter there that matches all of it. */
    static NetlinkMessage redirect(Link from, Link to) {
        NetlinkMessage request =
                NetlinkMessage.traffic(RTM_NEWTFILTER, from.index(), 0, INGRESS_HANDLE, FIRST_OF_ALL_PROTOCOLS);
        return request.text(TCA_KIND, "u32")
                .nest(
                        TCA_OPTIONS,
                        options -> options.bytes(TCA_U32_SEL, everything())
                                .nest(TCA_U32_ACT, actions -> actions.nest(1, action -> mirred(action, to))));
    }

    /** The filter that a program is; the kernel keeps the program as long. */
    static NetlinkMessage program(Link from, Fd program) {
        NetlinkMessage request =
                NetlinkMessage.traffic(RTM_NEWTFILTER, from.index(), 0, INGRESS_HANDLE, FIRST_OF_ALL_PROTOCOLS);
        return request.text(TCA_KIND, "bpf")
                .nest(
                        TCA_OPTIONS,
                        options -> options.u32(TCA_BPF_FD, program.number())
                                .text(TCA_BPF_NAME, "hako")
                                .u32(TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT));
    }

    /** struct tc_u32_sel with one key of which no bit counts. */
    private static byte[] everything() {
        byte[] selector = new byte[SELECTOR_SIZE + KEY_SIZE];
        selector[0] = TC_U32_TERMINAL;
        selector[2] = 1;
        return selector;
    }

    /** struct tc_mirred { u32 index, capab; int action, refcnt, bindcnt, eaction; u32 ifindex } */
    private static void mirred(NetlinkMessage action, Link to) {
        ByteBuffer parameters = ByteBuffer.allocate(28).order(ByteOrder.nativeOrder());
        parameters.putInt(8, TC_ACT_STOLEN).putInt(20, TCA_EGRESS_REDIR).putInt(24, to.index());
        action.text(TCA_ACT_KIND, "mirred")
                .nest(TCA_ACT_OPTIONS, options -> options.bytes(TCA_MIRRED_PARMS, parameters.array()));
    }
}
