package hako.it;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;

/** Nodes of one test: made when asked for, closed after the test, which holds that nothing is left of them. */
final class OwnNodes implements AfterEachCallback, TestExecutionExceptionHandler {
    private final List<HakoNode> nodes = new ArrayList<>();

    /** A node with the image {@code hako/busybox}; its daemon runs. */
    HakoNode ready(String configuration) {
        return make(configuration).withBusybox();
    }

    HakoNode ready() {
        return ready("");
    }

    /** A node on which nothing has happened yet. */
    HakoNode make(String configuration) {
        HakoNode node = HakoNode.create(configuration);
        nodes.add(node);
        return node;
    }

    @Override
    public void afterEach(ExtensionContext context) {
        nodes.forEach(HakoNode::close);
    }

    @Override
    public void handleTestExecutionException(ExtensionContext context, Throwable failure) throws Throwable {
        nodes.forEach(node -> Evidence.gather(node, Evidence.name(context)));
        throw failure;
    }
}
