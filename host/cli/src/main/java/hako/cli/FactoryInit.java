package hako.cli;

import java.util.List;

/** {@code hako factory init}. */
final class FactoryInit extends Verb {
    FactoryInit() {
        super("factory init", "", "Make the template for containers that ask for nothing special", 0, 0);
    }

    @Override
    int run(Call call, List<String> arguments) {
        call.services().templates().prepare(call.services().sandboxes().usualVm());
        return SUCCESS;
    }
}
