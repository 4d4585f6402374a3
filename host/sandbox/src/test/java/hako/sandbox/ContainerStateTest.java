package hako.sandbox;

import static hako.sandbox.ContainerState.Verb.EXEC;
import static hako.sandbox.ContainerState.Verb.KILL;
import static hako.sandbox.ContainerState.Verb.PAUSE;
import static hako.sandbox.ContainerState.Verb.REMOVE;
import static hako.sandbox.ContainerState.Verb.RESUME;
import static hako.sandbox.ContainerState.Verb.START;
import static hako.sandbox.ContainerState.Verb.STATS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import hako.base.HakoException;
import hako.sandbox.ContainerState.Created;
import hako.sandbox.ContainerState.Creating;
import hako.sandbox.ContainerState.Paused;
import hako.sandbox.ContainerState.Running;
import hako.sandbox.ContainerState.Stopped;
import hako.sandbox.ContainerState.Verb;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ContainerStateTest {
    private static final Instant THEN = Instant.parse("2026-01-01T00:00:00Z");
    private static final Instant NOW = Instant.parse("2026-01-01T00:00:01Z");
    private static final Stopped STOPPED = new Stopped(THEN, new ExitReport(0, NOW, false, ""));
    private static final List<ContainerState> STATES =
            List.of(new Creating(), new Created(), new Running(THEN), new Paused(THEN), STOPPED);

    /** The whole table; what is not in it is refused. */
    private static final Map<ContainerState, Map<Verb, ContainerState>> LEGAL = Map.of(
            new Creating(),
            Map.of(),
            new Created(),
            Map.of(START, new Running(NOW), EXEC, new Created(), KILL, new Created(), REMOVE, new Created()),
            new Running(THEN),
            Map.of(
                    PAUSE, new Paused(THEN),
                    EXEC, new Running(THEN),
                    KILL, new Running(THEN),
                    STATS, new Running(THEN)),
            new Paused(THEN),
            Map.of(RESUME, new Running(THEN), KILL, new Paused(THEN), STATS, new Paused(THEN)),
            STOPPED,
            Map.of(REMOVE, STOPPED));

    @Test
    void everyVerbInEveryStateDoesWhatTheTableSays() {
        for (ContainerState state : STATES) {
            for (Verb verb : Verb.values()) {
                ContainerState next = LEGAL.get(state).get(verb);
                if (next != null) {
                    assertThat(state.after(verb, "web", NOW)).isEqualTo(next);
                } else {
                    assertThatThrownBy(() -> state.after(verb, "web", NOW))
                            .as("%s while %s", verb, state.label())
                            .isInstanceOfSatisfying(
                                    HakoException.class,
                                    e -> assertThat(e.code()).isEqualTo(HakoException.Code.WRONG_STATE));
                }
            }
        }
    }

    @Test
    void aRefusalSaysVerbNameAndState() {
        assertThatThrownBy(() -> new Created().after(PAUSE, "web", NOW))
                .hasMessage("cannot pause container \"web\": it is created");
    }

    @Test
    void everyStateSurvivesItsRecord() {
        for (ContainerState state : STATES) {
            assertThat(ContainerRecord.StateRecord.of(state).state()).isEqualTo(state);
        }
    }
}
