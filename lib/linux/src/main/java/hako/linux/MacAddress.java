package hako.linux;

import java.util.HexFormat;

/** An Ethernet address, written {@code 02:a1:b2:c3:d4:e5}. */
public record MacAddress(String text) {
    private static final HexFormat FORMAT = HexFormat.ofDelimiter(":");
    private static final int LENGTH = 6;

    public MacAddress {
        if (FORMAT.parseHex(text).length != LENGTH) {
            throw new IllegalArgumentException("MAC address " + text);
        }
    }

    public static MacAddress of(byte[] bytes) {
        return new MacAddress(FORMAT.formatHex(bytes));
    }

    public byte[] bytes() {
        return FORMAT.parseHex(text);
    }

    @Override
    public String toString() {
        return text;
    }
}
