package hako.cli;

import hako.base.HakoException;
import hako.door.Json;
import hako.door.Option;
import hako.door.Printable;
import hako.image.Image;
import hako.sandbox.Container;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** {@code hako inspect}. */
final class Inspect extends Verb {
    private final Option<@Nullable Template> format = options()
            .<@Nullable Template>value(
                    "format", 'f', "TEMPLATE", "Only this, e.g. {{.State.Status}}", null, Template::new);
    private final Option<Kind> type =
            options().value("type", "TYPE", "Only a container, or only an image", Kind.ANY, Kind::parse);

    /** What a name may mean. */
    private enum Kind {
        ANY,
        CONTAINER,
        IMAGE;

        static Kind parse(String text) {
            return switch (text) {
                case "container" -> CONTAINER;
                case "image" -> IMAGE;
                default -> throw new IllegalArgumentException("container or image");
            };
        }
    }

    Inspect() {
        super("inspect", "CONTAINER|IMAGE...", "Show all there is to know, as JSON", 1, MANY);
    }

    @Override
    int run(Call call, List<String> arguments) {
        List<Map<String, @Nullable Object>> found = new ArrayList<>();
        int code = SUCCESS;
        for (String name : arguments) {
            try {
                found.add(facts(call, name));
            } catch (HakoException e) {
                call.complain(e.getMessage());
                code = ExitCodes.FAILURE;
            }
        }
        Template template = format.value();
        if (template == null) {
            call.out().println(Json.pretty(found));
        } else {
            found.forEach(facts -> call.out().println(template.render(facts)));
        }
        return code;
    }

    private Map<String, @Nullable Object> facts(Call call, String name) {
        if (type.value() != Kind.IMAGE) {
            try {
                Container container = call.container(name);
                return ContainerFacts.of(container);
            } catch (HakoException e) {
                if (e.code() != HakoException.Code.NOT_FOUND || type.value() == Kind.CONTAINER) {
                    throw e;
                }
            }
        }
        Optional<Image> image = call.services().images().find(name);
        return ImageFacts.of(image.orElseThrow(() -> HakoException.user(
                HakoException.Code.NOT_FOUND,
                (type.value() == Kind.IMAGE ? "no such image: " : "no such container or image: ")
                        + Printable.line(name))));
    }
}
