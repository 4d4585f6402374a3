package hako.cli;

import java.util.List;

/** {@code hako factory destroy}. */
final class FactoryDestroy extends Verb {
    FactoryDestroy() {
        super("factory destroy", "", "Drop all templates; what was cloned from them goes on", 0, 0);
    }

    @Override
    int run(Call call, List<String> arguments) {
        call.services().templates().clear();
        return SUCCESS;
    }
}
