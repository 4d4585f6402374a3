package hako.cli;

import hako.door.Json;
import hako.door.Option;
import hako.door.Printable;
import hako.vm.HostCheck;
import hako.vm.HostCheck.Fact;
import hako.vm.HostCheck.Status;
import java.util.List;
import java.util.Locale;

/** {@code hako check}. */
final class Check extends Verb {
    private final Option<Boolean> json = options().flag("json", "As JSON");

    Check() {
        super("check", "", "Tell what this host can do, and what to do about what it cannot", 0, 0);
    }

    /** @return 1 when nothing can run before something is mended */
    @Override
    int run(Call call, List<String> arguments) {
        HostCheck check = call.services().check().get();
        List<Fact> facts = check.facts();
        call.out().print(json.value() ? json(facts) : text(facts));
        return facts.stream().anyMatch(fact -> fact.status() == Status.FAIL) ? ExitCodes.FAILURE : SUCCESS;
    }

    static String text(List<Fact> facts) {
        StringBuilder out = new StringBuilder();
        for (Fact fact : facts) {
            String mark = fact.status().name().toLowerCase(Locale.ROOT);
            out.append("%-4s  %-12s  %s%n".formatted(mark, fact.name(), Printable.line(fact.fact())));
            if (!fact.mend().isEmpty()) {
                out.append("%-20s-> %s%n".formatted("", Printable.line(fact.mend())));
            }
        }
        return out.toString();
    }

    static String json(List<Fact> facts) {
        return Json.pretty(facts.stream()
                        .map(fact -> Json.object(
                                "name", fact.name(),
                                "status", fact.status().name().toLowerCase(Locale.ROOT),
                                "fact", fact.fact(),
                                "mend", fact.mend()))
                        .toList())
                + "\n";
    }
}
