package hako.cli;

import hako.door.Bytes;
import hako.door.Option;
import hako.vm.TemplateSource.Kept;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** {@code hako factory status}. */
final class FactoryStatus extends Verb {
    private final Option<Format> format = Format.option(options());

    FactoryStatus() {
        super("factory status", "", "List the templates there are, the one used last at the end", 0, 0);
    }

    @Override
    int run(Call call, List<String> arguments) {
        List<Kept> templates = call.services().templates().templates();
        format.value()
                .print(
                        call.out(),
                        () -> table(templates) + "\nVMs that wait for containers: "
                                + call.services().sandboxes().waitingVms() + "\n",
                        templates.stream().map(FactoryStatus::json).toList());
        return SUCCESS;
    }

    private static String table(List<Kept> templates) {
        Table table = new Table("CPUS", "MEMORY", "DEVICES", "CLONES", "PREPARED");
        for (Kept template : templates) {
            table.row(
                    Integer.toString(template.shape().vcpus()),
                    Bytes.binary(template.shape().memoryBytes()),
                    String.join(", ", template.shape().devices()),
                    Integer.toString(template.clones()),
                    prepared(template));
        }
        return table.text();
    }

    private static Map<String, Object> json(Kept template) {
        return Map.of(
                "Cpus", template.shape().vcpus(),
                "Memory", template.shape().memoryBytes(),
                "Devices", template.shape().devices(),
                "Clones", template.clones(),
                "Prepared", prepared(template));
    }

    private static String prepared(Kept template) {
        return Objects.toString(template.shape().preparation(), "");
    }
}
