package hako.cli;

import hako.base.HakoException;
import java.util.List;

/** {@code hako factory init}. */
final class FactoryInit extends Verb {
    FactoryInit() {
        super("factory init", "", "Make the template for containers that ask for nothing special", 0, 0);
    }

    @Override
    int run(Call call, List<String> arguments) {
        if (!call.services().clones()) {
            throw HakoException.user(
                    HakoException.Code.WRONG_STATE,
                    "no VM is cloned here: vm.source is \"cold\" in hako.toml; set it to \"template\" and restart hakod");
        }
        call.services().templates().prepare(call.services().sandboxes().usualVm());
        return SUCCESS;
    }
}
