package hako.daemon;

import hako.base.HakoException;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code hakod}: the one daemon of a node. Started by the first door-step that finds none, or by the service manager;
 * ends on SIGTERM or SIGINT and leaves the sandboxes running, to be adopted by the next.
 */
public final class Main {
    private static final Logger log = LoggerFactory.getLogger(Main.class);
    private static final int FAILED = 1;

    private Main() {}

    public static void main(String[] arguments) throws InterruptedException {
        Logging.start(System.getenv());
        Readiness readiness = Readiness.of(System.getenv());
        try {
            Config config = Config.load(System.getenv());
            Hakod daemon = Hakod.start(config);
            Runtime.getRuntime().addShutdownHook(new Thread(daemon::close, "stop"));
            readiness.ready();
            log.info("serving at {}", config.socket());
            new CountDownLatch(1).await(); // until a signal
        } catch (HakoException e) {
            log.error("hakod cannot start: {}", e.getMessage(), e.getCause());
            readiness.failed(e.getMessage());
            System.exit(FAILED);
        } catch (RuntimeException | Error e) {
            log.error("hakod failed", e);
            readiness.failed(e.toString());
            System.exit(FAILED);
        }
    }
}
