package hako.oci;

import hako.base.HakoException;
import hako.door.UsageException;
import hako.doorstep.Caller;
import hako.sandbox.Sandboxes;
import hako.spec.RuntimeSpec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The {@code hako-runtime} command as the daemon executes it, with runc's command line: a call comes with its arguments and
 * leaves with an exit code. Threads: each call has its own.
 */
public final class RuntimeCommand {
    /** The name the door-step is called by for this door. */
    public static final String NAME = "hako-runtime";

    private static final Logger log = LoggerFactory.getLogger(RuntimeCommand.class);

    private final Services services;
    private final MonitorsChild daemon;

    /**
     * @param log the daemon's log, for messages that point there
     * @param version of Hako
     * @param end ends the daemon
     */
    public RuntimeCommand(Sandboxes sandboxes, Path log, String version, InstantSource clock, Runnable end) {
        this.services = new Services(sandboxes, new KeptProcesses(), log, version, clock);
        this.daemon = new MonitorsChild(end);
    }

    /** Carries the call out and ends it: {@link Caller#exit} is always reached. */
    public void serve(Caller caller) {
        boolean kept = !caller.token().isEmpty();
        int code = Verb.FAILURE;
        if (!kept) {
            daemon.begins();
        }
        try {
            code = answer(caller);
        } finally {
            if (kept) {
                daemon.endWith(caller.pid());
            } else {
                daemon.ends();
            }
            caller.exit(code);
        }
    }

    private int answer(Caller caller) {
        GlobalOptions options = new GlobalOptions();
        List<String> words;
        RuntimeLog messages;
        try {
            List<String> arguments = caller.arguments();
            words = options.parse(arguments.subList(Math.min(1, arguments.size()), arguments.size()));
            messages = caller.token().isEmpty()
                    ? new RuntimeLog(options, caller, services.clock())
                    : new RuntimeLog(
                            options, KeptCall.Token.parse(caller.token()).log(), caller, services.clock());
        } catch (HakoException e) {
            print(caller, "Incorrect Usage.\n\n" + Usage.of(options));
            new RuntimeLog(new GlobalOptions(), caller, services.clock()).error(e.getMessage());
            return Verb.FAILURE;
        }
        try {
            if (caller.token().isEmpty()) { // what stays goes on without
                messages.open();
            }
        } catch (IOException e) {
            new RuntimeLog(new GlobalOptions(), caller, services.clock())
                    .error("open the log %s: %s".formatted(options.log.value(), e.getMessage()));
            return Verb.FAILURE;
        }
        return answer(new RuntimeCall(caller, services, options, messages), words);
    }

    private int answer(RuntimeCall call, List<String> words) {
        String name = words.isEmpty() ? "" : words.getFirst();
        try {
            if (!call.caller().token().isEmpty()) {
                return new KeptCall(call, KeptCall.Token.parse(call.caller().token())).run();
            }
            if (call.options().version.value()) {
                call.out().printf("%s version %s%nspec: %s%n", NAME, services.version(), RuntimeSpec.VERSION);
                return Verb.SUCCESS;
            }
            if (words.isEmpty() || call.options().options().helpAsked() || name.equals("help")) {
                call.out().print(Usage.of(call.options()));
                return Verb.SUCCESS;
            }
            return run(Verbs.find(name), call, words.subList(1, words.size()));
        } catch (HakoException e) {
            return failed(e, name, call);
        } catch (InterruptedException e) {
            return call.signals().endedCall() ? call.signals().exitCode() : unexpected(e, name, call);
        } catch (IOException e) {
            call.log().error(String.valueOf(e.getMessage()));
            return Verb.FAILURE;
        } catch (RuntimeException | Error e) {
            return unexpected(e, name, call);
        } finally {
            call.out().flush();
        }
    }

    private static int run(Verb verb, RuntimeCall call, List<String> words) throws IOException, InterruptedException {
        try {
            List<String> arguments = verb.options().parse(words, verb.mixed());
            if (verb.options().helpAsked()) {
                call.out().print(Usage.of(verb));
                return Verb.SUCCESS;
            }
            verb.check(arguments);
            return verb.run(call, arguments);
        } catch (UsageException e) {
            call.out().print("Incorrect Usage.\n\n" + Usage.of(verb));
            throw e;
        }
    }

    private int failed(HakoException failure, String verb, RuntimeCall call) {
        if (call.signals().endedCall()) {
            return call.signals().exitCode();
        }
        if (failure.kind() == HakoException.Kind.INTERNAL) {
            return unexpected(failure, verb, call);
        }
        log.debug("{}: {}", verb, failure.getMessage(), failure);
        call.log().error(words(failure));
        return Verb.FAILURE;
    }

    /** Engines look for the kernel's words as Go spells them, with a small letter. */
    static String words(HakoException failure) {
        String message = String.valueOf(failure.getMessage());
        return switch (failure.code()) {
            case COMMAND_NOT_FOUND, COMMAND_NOT_EXECUTABLE -> {
                int last = message.lastIndexOf(": ") + 2;
                yield last < 2 || last == message.length()
                        ? message
                        : message.substring(0, last)
                                + Character.toLowerCase(message.charAt(last))
                                + message.substring(last + 1);
            }
            default -> message;
        };
    }

    /** A mistake in Hako: the log has the details, the caller where to find them. */
    private int unexpected(Throwable failure, String verb, RuntimeCall call) {
        log.error("{} {} failed", NAME, verb, failure);
        call.log()
                .error("%s: this is a mistake in Hako, not yours: %s; the details are in %s"
                        .formatted(verb, failure, services.log()));
        return Verb.FAILURE;
    }

    private static void print(Caller caller, String text) {
        try {
            caller.stdout().write(text.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            log.debug("tell a caller how to call: {}", e.getMessage());
        }
    }
}
