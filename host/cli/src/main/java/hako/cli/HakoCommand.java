package hako.cli;

import hako.base.HakoException;
import hako.door.UsageException;
import hako.doorstep.Caller;
import java.io.IOException;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The {@code hako} command as the daemon executes it: a call comes with its arguments and leaves with an exit code.
 * Threads: each call has its own.
 */
public final class HakoCommand {
    private static final Logger log = LoggerFactory.getLogger(HakoCommand.class);

    private final Services services;

    public HakoCommand(Services services) {
        this.services = services;
    }

    /** Carries the call out and ends it: {@link Caller#exit} is always reached. */
    public void serve(Caller caller) {
        int code = ExitCodes.ENGINE;
        try {
            code = answer(new Call(caller, services));
        } finally {
            caller.exit(code);
        }
    }

    private int answer(Call call) {
        Verb verb = new Help();
        try {
            if (!call.caller().token().isEmpty()) {
                verb = new Run(); // or exec: what it waited for fails with the same code
                return new Resume(call).run();
            }
            List<String> arguments = call.caller().arguments();
            Verbs.Found found = Verbs.find(arguments.subList(Math.min(1, arguments.size()), arguments.size()));
            verb = found.verb();
            return run(verb, call, found.arguments());
        } catch (HakoException e) {
            return failed(e, verb, call);
        } catch (InterruptedException e) {
            return call.signals().endedCall() ? call.signals().exitCode() : unexpected(e, verb, call);
        } catch (IOException e) {
            return failed(cannotWrite(e), verb, call);
        } catch (RuntimeException | Error e) {
            return unexpected(e, verb, call);
        } finally {
            call.out().flush();
            call.err().flush();
        }
    }

    private static int run(Verb verb, Call call, List<String> words) throws IOException, InterruptedException {
        List<String> arguments = verb.options().parse(words, verb.mixed());
        if (verb.options().helpAsked()) {
            call.out().print(Usage.of(verb));
            return Verb.SUCCESS;
        }
        verb.check(arguments);
        return verb.run(call, arguments);
    }

    private int failed(HakoException failure, Verb verb, Call call) {
        if (call.signals().endedCall()) {
            return call.signals().exitCode();
        }
        if (failure.kind() == HakoException.Kind.INTERNAL) {
            return unexpected(failure, verb, call);
        }
        log.debug("{}: {}", verb.name(), failure.getMessage(), failure);
        call.complain(failure.getMessage());
        if (failure instanceof UsageException) {
            call.err().println("See 'hako %s--help'.".formatted(verb instanceof Help ? "" : verb.name() + " "));
        }
        return ExitCodes.of(failure, verb);
    }

    /** A mistake in Hako: the log has the details, the caller where to find them. */
    private int unexpected(Throwable failure, Verb verb, Call call) {
        if (call.signals().endedCall()) {
            return call.signals().exitCode();
        }
        log.error("hako {} failed", verb.name(), failure);
        call.complain("%s: this is a mistake in Hako, not yours: %s; the details are in %s"
                .formatted(verb.name(), firstLine(failure), services.log()));
        return verb.failure();
    }

    private static String firstLine(Throwable failure) {
        String text = failure instanceof HakoException ? failure.getMessage() : failure.toString();
        return text.lines().findFirst().orElse("");
    }

    private static HakoException cannotWrite(IOException e) {
        return new HakoException(
                HakoException.Kind.EXTERNAL, HakoException.Code.UNAVAILABLE, String.valueOf(e.getMessage()), e);
    }
}
