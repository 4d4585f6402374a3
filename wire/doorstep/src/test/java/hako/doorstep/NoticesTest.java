package hako.doorstep;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class NoticesTest {
    private final Notices<Integer> notices = new Notices<>(3);
    private final List<Integer> heard = new ArrayList<>();

    @Test
    void whatCameBeforeTheListenerIsHandedToIt() {
        notices.add(1);
        notices.add(2);
        notices.to(heard::add);
        notices.add(3);
        assertThat(heard).containsExactly(1, 2, 3);
    }

    @Test
    void theOldestAreDroppedWhereNobodyListens() {
        IntStream.rangeClosed(1, 100).forEach(notices::add);
        notices.to(heard::add);
        assertThat(heard).containsExactly(98, 99, 100);
    }

    @Test
    void aListenerThatFailsHearsTheNext() {
        notices.to(notice -> {
            heard.add(notice);
            throw new IllegalStateException("of this test");
        });
        notices.add(1);
        notices.add(2);
        assertThat(heard).containsExactly(1, 2);
    }

    @Test
    void aListenerMayAddAndBeReplacedWhileItListens() {
        notices.to(notice -> {
            notices.add(notice + 1);
            notices.to(heard::add);
        });
        notices.add(1);
        assertThat(heard).containsExactly(2);
    }

    @Test
    void noticesOfManyThreadsAreHeardOneAtATime() throws InterruptedException {
        Notices<Integer> many = new Notices<>(Integer.MAX_VALUE);
        many.to(heard::add);
        List<Thread> threads = IntStream.range(0, 8)
                .mapToObj(t ->
                        Thread.startVirtualThread(() -> IntStream.range(0, 1000).forEach(many::add)))
                .toList();
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(heard).hasSize(8000);
    }
}
