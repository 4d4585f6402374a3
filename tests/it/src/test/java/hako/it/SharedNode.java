package hako.it;

import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;

/**
 * One node, with the image {@code hako/busybox}, for all tests of a class. After the last it is closed, which holds that
 * nothing is left of it. A test that fails leaves its evidence.
 */
final class SharedNode implements BeforeAllCallback, AfterAllCallback, TestExecutionExceptionHandler {
    private final HakoNode node;

    private SharedNode(HakoNode node) {
        this.node = node;
    }

    static SharedNode create() {
        return new SharedNode(HakoNode.create());
    }

    static SharedNode create(String configuration) {
        return new SharedNode(HakoNode.create(configuration));
    }

    HakoNode node() {
        return node;
    }

    @Override
    public void beforeAll(ExtensionContext context) {
        node.withBusybox();
    }

    @Override
    public void afterAll(ExtensionContext context) {
        node.close();
    }

    @Override
    public void handleTestExecutionException(ExtensionContext context, Throwable failure) throws Throwable {
        Evidence.gather(node, Evidence.name(context));
        throw failure;
    }
}
