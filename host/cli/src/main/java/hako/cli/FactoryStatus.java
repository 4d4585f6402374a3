package hako.cli;

import hako.door.Option;
import hako.vm.TemplateSource.Shape;
import java.util.List;
import java.util.Map;

/** {@code hako factory status}. */
final class FactoryStatus extends Verb {
    private final Option<Format> format = Format.option(options());

    FactoryStatus() {
        super("factory status", "", "List the templates there are, the one used last at the end", 0, 0);
    }

    @Override
    int run(Call call, List<String> arguments) {
        List<Shape> shapes = call.services().templates().shapes();
        format.value()
                .print(
                        call.out(),
                        () -> table(shapes) + "\nVMs that wait for containers: "
                                + call.services().sandboxes().waitingVms() + "\n",
                        shapes.stream().map(FactoryStatus::json).toList());
        return SUCCESS;
    }

    private static String table(List<Shape> shapes) {
        Table table = new Table("CPUS", "MEMORY", "DEVICES");
        for (Shape shape : shapes) {
            table.row(
                    Integer.toString(shape.vcpus()),
                    Bytes.binary(shape.memoryBytes()),
                    String.join(", ", shape.devices()));
        }
        return table.text();
    }

    private static Map<String, Object> json(Shape shape) {
        return Map.of("Cpus", shape.vcpus(), "Memory", shape.memoryBytes(), "Devices", shape.devices());
    }
}
