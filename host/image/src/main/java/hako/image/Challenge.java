package hako.image;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a {@code WWW-Authenticate} header asks for (RFC 9110, 11.6.1): {@code Bearer realm="https://auth.example/token",
 * service="registry",scope="repository:a/b:pull"}.
 *
 * @param scheme in lower case
 * @param parameters keys in lower case
 */
record Challenge(String scheme, Map<String, String> parameters) {
    private static final int MAX_HEADER = 8192;
    private static final Pattern PART = Pattern.compile(
            "\\s*,?\\s*(?:([A-Za-z0-9!#$%&'*+.^_`|~-]+)\\s*=\\s*(?:\"((?:[^\"\\\\]|\\\\.)*+)\"|([^\\s,\"]*))|([A-Za-z0-9!#$%&'*+.^_`|~-]+))");

    /** Several challenges may stand in one header; what is not understood ends it. */
    static List<Challenge> parse(List<String> headers) {
        List<Challenge> challenges = new ArrayList<>();
        for (String header : headers) {
            if (header.length() > MAX_HEADER) {
                continue;
            }
            Matcher part = PART.matcher(header);
            int at = 0;
            while (at < header.length() && part.find(at) && part.start() == at && part.end() > at) {
                if (part.group(4) != null) {
                    challenges.add(new Challenge(part.group(4).toLowerCase(Locale.ROOT), new LinkedHashMap<>()));
                } else if (!challenges.isEmpty()) {
                    String value = part.group(2) == null
                            ? part.group(3)
                            : part.group(2).replaceAll("\\\\(.)", "$1");
                    challenges.getLast().parameters().put(part.group(1).toLowerCase(Locale.ROOT), value);
                }
                at = part.end();
            }
        }
        return challenges;
    }
}
