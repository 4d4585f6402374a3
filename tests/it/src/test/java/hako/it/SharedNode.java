package hako.it;

import java.util.Objects;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;

/**
 * One node, with the image {@code hako/busybox}, for all tests of a class. After the last it is closed, which holds that
 * nothing is left of it. A test that fails leaves its evidence.
 */
final class SharedNode implements BeforeAllCallback, AfterAllCallback, TestExecutionExceptionHandler {
    private final String configuration;

    /** From before the first test: a class that is only looked at by another makes none. */
    private HakoNode node;

    private SharedNode(String configuration) {
        this.configuration = configuration;
    }

    static SharedNode create() {
        return create("");
    }

    static SharedNode create(String configuration) {
        return new SharedNode(configuration);
    }

    HakoNode node() {
        return Objects.requireNonNull(node, "there is a node from before the first test on");
    }

    @Override
    public void beforeAll(ExtensionContext context) {
        node = HakoNode.create(configuration);
        node.withBusybox();
    }

    @Override
    public void afterAll(ExtensionContext context) {
        node().close();
    }

    @Override
    public void handleTestExecutionException(ExtensionContext context, Throwable failure) throws Throwable {
        Evidence.gather(node(), Evidence.name(context));
        throw failure;
    }
}
