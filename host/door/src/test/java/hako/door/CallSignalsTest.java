package hako.door;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import hako.fakes.FakeCaller;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class CallSignalsTest {
    private final FakeCaller caller = new FakeCaller("run");
    private final CallSignals signals = new CallSignals(caller);
    private final List<Integer> received = new ArrayList<>();
    private final CallSignals.Target target = new CallSignals.Target() {
        @Override
        public void signal(int number) {
            received.add(number);
        }

        @Override
        public void gone() {
            received.add(0);
        }
    };

    @AfterEach
    void leaveNoInterruptBehind() {
        Thread.interrupted();
    }

    @Test
    void aSignalEndsACallThatWaits() {
        caller.signal(Signals.SIGINT);
        assertThat(Thread.interrupted()).isTrue();
        assertThat(signals.endedCall()).isTrue();
        assertThat(signals.exitCode()).isEqualTo(130);
    }

    @Test
    void whatMustNotBeBrokenOffGoesOnAndIsToldAfterwards() throws InterruptedException {
        signals.hold(() -> {});
        caller.signal(Signals.SIGTERM);
        assertThat(Thread.interrupted()).isFalse();
        assertThatThrownBy(() -> signals.handTo(target)).isInstanceOf(InterruptedException.class);
        assertThat(signals.exitCode()).isEqualTo(143);
    }

    @Test
    void whatIsBeingMadeForACallerThatEndedItsCallIsGivenUp() throws Exception {
        CompletableFuture<Boolean> givenUp = new CompletableFuture<>();
        signals.hold(() -> givenUp.complete(true));
        caller.signal(Signals.SIGTERM);
        assertThat(givenUp.get(5, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void aSignalThatIsEarlierThanTheProcessOfAResumedCallWaitsForIt() throws InterruptedException {
        FakeCaller back = new FakeCaller();
        back.token = "run 1 -";
        CallSignals resumed = new CallSignals(back);
        back.signal(Signals.SIGTERM);
        assertThat(Thread.interrupted()).isFalse();
        resumed.handTo(target);
        assertThat(received).containsExactly(15);
    }

    @Test
    void theSecondSignalEndsTheCallerAtOnce() throws InterruptedException {
        signals.hold(() -> {});
        caller.signal(Signals.SIGINT);
        assertThat(caller.exited).isNotDone();
        caller.signal(Signals.SIGINT);
        assertThat(caller.exitCode()).isEqualTo(130);
    }

    @Test
    void aProcessTakesTheSignalsFromTheCall() throws InterruptedException {
        signals.handTo(target);
        caller.signal(Signals.SIGINT);
        caller.signal(10);
        caller.die();
        assertThat(received).containsExactly(2, 10, 0);
        assertThat(Thread.interrupted()).isFalse();
    }

    @Test
    void aSignalThatMeansNothingToTheCallIsIgnored() {
        caller.signal(10);
        assertThat(signals.endedCall()).isFalse();
    }

    @Test
    void aCallerThatIsKilledEndsTheCall() {
        caller.die();
        assertThat(Thread.interrupted()).isTrue();
        assertThat(signals.exitCode()).isEqualTo(137);
    }
}
