package hako.oci;

import hako.door.Option;
import hako.door.Options;
import hako.spec.ProcessSpec;
import hako.spec.ProcessSpec.Capabilities;
import hako.spec.ProcessSpec.User;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The options of {@code exec} that say how the process differs from the container's own. */
final class ExecOptions {
    private final Option<Boolean> terminal;
    private final Option<String> directory;
    private final Option<List<String>> environment;
    private final Option<@Nullable User> user;
    private final Option<List<Integer>> groups;
    private final Option<List<String>> capabilities;
    private final Option<Boolean> noNewPrivileges;
    private final Option<String> apparmor;
    private final Option<String> label;

    ExecOptions(Options options) {
        terminal = options.flag("tty", 't', "Give it a terminal");
        directory = options.text("cwd", "DIR", "Run in this directory");
        environment = options.list("env", 'e', "NAME=VALUE", "A variable, instead of one of that name");
        user = options.<@Nullable User>value("user", 'u', "UID[:GID]", "Run as this user", null, ExecOptions::user);
        List<Integer> none = new ArrayList<>();
        groups = options.value("additional-gids", 'g', "GID", "One more group", none, text -> {
            none.add(Integer.valueOf(text));
            return none;
        });
        capabilities = options.list("cap", 'c', "CAPABILITY", "One more capability");
        noNewPrivileges = options.flag("no-new-privs", "It can gain no privileges");
        apparmor = options.text("apparmor", "PROFILE", "Taken, and without effect: the guest has no AppArmor");
        label = options.text("process-label", "LABEL", "Taken, and without effect: the guest has no SELinux");
    }

    ProcessSpec spec(ProcessSpec init, List<String> words) {
        return new ProcessSpec(
                terminal.value(),
                null,
                user(init.user()),
                words,
                with(init.env()),
                directory.value().isEmpty() ? init.cwd() : directory.value(),
                capabilities(init.capabilities()),
                init.rlimits(),
                noNewPrivileges.given() ? noNewPrivileges.value() : init.noNewPrivileges(),
                null,
                null,
                init.oomScoreAdj());
    }

    /** The last of a name counts. */
    private List<String> with(List<String> variables) {
        Map<String, String> byName = new LinkedHashMap<>();
        Stream.concat(variables.stream(), environment.value().stream())
                .forEach(variable -> byName.put(variable.split("=", 2)[0], variable));
        return List.copyOf(byName.values());
    }

    private @Nullable User user(@Nullable User init) {
        User chosen = user.value() == null ? init : user.value();
        if (chosen == null || groups.value().isEmpty()) {
            return chosen;
        }
        List<Integer> all = Stream.concat(chosen.additionalGids().stream(), groups.value().stream())
                .toList();
        return new User(chosen.uid(), chosen.gid(), chosen.umask(), all, null);
    }

    private @Nullable Capabilities capabilities(@Nullable Capabilities init) {
        List<String> more = capabilities.value();
        if (init == null || more.isEmpty()) {
            return init;
        }
        return new Capabilities(
                with(init.bounding(), more),
                with(init.effective(), more),
                init.inheritable(),
                with(init.permitted(), more),
                with(init.ambient(), more));
    }

    private static List<String> with(List<String> names, List<String> more) {
        return Stream.concat(names.stream(), more.stream()).distinct().toList();
    }

    private static User user(String text) {
        String[] parts = text.split(":", 2);
        try {
            int uid = Integer.parseInt(parts[0]);
            return new User(uid, parts.length > 1 ? Integer.parseInt(parts[1]) : 0, null, List.of(), null);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("write it as UID or UID:GID, in numbers", e);
        }
    }
}
