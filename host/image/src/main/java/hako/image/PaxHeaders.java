package hako.image;

import java.math.BigDecimal;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Extended header records (POSIX pax, "pax Extended Header"): {@code "%d %s=%s\n"}, length of the whole record in bytes,
 * keyword, value. A later record overrides an earlier one; an empty value takes the earlier one back. Only what an image
 * needs is kept, and little of it.
 */
record PaxHeaders(Map<String, byte[]> records) {
    static final PaxHeaders NONE = new PaxHeaders(Map.of());

    private static final String ATTRIBUTE = "SCHILY.xattr.";
    private static final String SPARSE = "GNU.sparse.";
    private static final Set<String> KEPT = Set.of("path", "linkpath", "size", "uid", "gid", "mtime");
    private static final int MAX_RECORDS = 64;
    private static final int MAX_LENGTH_DIGITS = 8;
    private static final int MAX_NUMBER_CHARACTERS = 40;

    /** @param global of all members that follow: those have no extended attributes in common */
    static PaxHeaders parse(byte[] data, boolean global) {
        Map<String, byte[]> records = new HashMap<>();
        int at = 0;
        while (at < data.length && data[at] != 0) {
            int space = at;
            int length = 0;
            while (space < data.length && data[space] >= '0' && data[space] <= '9' && space - at < MAX_LENGTH_DIGITS) {
                length = length * 10 + data[space++] - '0';
            }
            int end = at + length - 1;
            if (space == at
                    || space >= data.length
                    || data[space] != ' '
                    || end >= data.length
                    || end <= space
                    || data[end] != '\n') {
                throw invalid();
            }
            int equals = space + 1;
            while (equals < end && data[equals] != '=') {
                equals++;
            }
            if (equals == end) {
                throw invalid();
            }
            String key = TarHeader.utf8(data, space + 1, equals - space - 1);
            if (isKept(key) && !(global && key.startsWith(ATTRIBUTE))) {
                records.put(key, Arrays.copyOfRange(data, equals + 1, end));
            }
            at = end + 1;
        }
        return bounded(records);
    }

    /** Of extended attributes what means something on another host and nothing to overlayfs. */
    private static boolean isKept(String key) {
        if (key.startsWith(ATTRIBUTE)) {
            String attribute = key.substring(ATTRIBUTE.length());
            return attribute.equals("security.capability")
                    || attribute.startsWith("user.") && !attribute.startsWith("user.overlay.");
        }
        return KEPT.contains(key) || key.startsWith(SPARSE);
    }

    private static PaxHeaders bounded(Map<String, byte[]> records) {
        if (records.size() > MAX_RECORDS) {
            throw ImageException.refused("read archive: an extended header has more than " + MAX_RECORDS + " records");
        }
        return new PaxHeaders(records);
    }

    /** These, overridden by {@code newer}. */
    PaxHeaders with(PaxHeaders newer) {
        if (records.isEmpty() || newer.records.isEmpty()) {
            return records.isEmpty() ? newer : this;
        }
        Map<String, byte[]> both = new HashMap<>(records);
        both.putAll(newer.records);
        return bounded(both);
    }

    Optional<String> text(String key) {
        byte[] value = records.get(key);
        if (value != null && value.length > TarReader.MAX_NAME_BYTES) {
            throw ImageException.refused("read archive: a name of " + value.length + " bytes");
        }
        return value == null || value.length == 0
                ? Optional.empty()
                : Optional.of(TarHeader.utf8(value, 0, value.length));
    }

    /** A sparse file's own name stands apart from the one shown to programs that know nothing of it. */
    Optional<String> name() {
        return text("GNU.sparse.name").or(() -> text("path"));
    }

    Optional<Long> number(String key) {
        return text(key).map(value -> {
            try {
                if (value.length() > MAX_NUMBER_CHARACTERS) {
                    throw invalid();
                }
                return Long.valueOf(value);
            } catch (NumberFormatException e) {
                throw invalid();
            }
        });
    }

    boolean isSparse() {
        return records.keySet().stream().anyMatch(key -> key.startsWith(SPARSE));
    }

    /** Seconds with a fraction. */
    Optional<Instant> modified() {
        return text("mtime").map(value -> {
            try {
                // Bounded before it is parsed: an exponent would make it as long as it likes.
                if (value.length() > MAX_NUMBER_CHARACTERS || value.indexOf('e') >= 0 || value.indexOf('E') >= 0) {
                    throw invalid();
                }
                BigDecimal seconds =
                        new BigDecimal(value).max(BigDecimal.ZERO).min(BigDecimal.valueOf(15_000_000_000L));
                long whole = seconds.longValue();
                return Instant.ofEpochSecond(
                        whole,
                        seconds.subtract(BigDecimal.valueOf(whole))
                                .movePointRight(9)
                                .longValue());
            } catch (NumberFormatException e) {
                throw invalid();
            }
        });
    }

    /** As star and GNU tar write them. */
    Map<String, byte[]> attributes() {
        Map<String, byte[]> attributes = new HashMap<>();
        records.forEach((key, value) -> {
            if (key.startsWith(ATTRIBUTE)) {
                attributes.put(key.substring(ATTRIBUTE.length()), value);
            }
        });
        return attributes;
    }

    private static ImageException invalid() {
        return ImageException.corrupt("read archive: an extended header is not valid");
    }
}
