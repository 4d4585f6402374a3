package hako.door;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

/** JSON, signals and strangers' texts as people and scripts read them. */
class TextTest {
    @Test
    void controlCharactersOfStrangersAreShownNotSent() {
        assertThat(Printable.lines("one\r\ntwo\u001b[2J")).isEqualTo("one\ntwo\\u001b[2J");
        assertThat(Printable.line("x".repeat(5000))).hasSize(2001);
    }

    @Test
    void jsonEscapesWhatItMust() {
        assertThat(Json.line(Json.object(
                        "a\"b", "c\\\n\u001b\u007f\u0085é", "n", 5, "t", true, "x", null, "l", List.of(1, "2"))))
                .isEqualTo(
                        "{\"a\\\"b\":\"c\\\\\\n\\u001b\\u007f\\u0085é\",\"n\":5,\"t\":true,\"x\":null,\"l\":[1,\"2\"]}");
        assertThat(Json.line("\ud800")).isEqualTo("\"\\ud800\"");
    }

    @Test
    void prettyJsonIsIndentedAsDockerIndentsIt() {
        assertThat(Json.pretty(List.of(Json.object("Id", "x", "Args", List.of(), "State", Json.object("Pid", 1)))))
                .isEqualTo("""
                        [
                            {
                                "Id": "x",
                                "Args": [],
                                "State": {
                                    "Pid": 1
                                }
                            }
                        ]""");
    }

    @Test
    void signalsGoByNameAndNumber() {
        assertThat(Signals.number("TERM")).isEqualTo(15);
        assertThat(Signals.number("sigusr1")).isEqualTo(10);
        assertThat(Signals.number("9")).isEqualTo(9);
        assertThat(Signals.number("RTMIN+3")).isEqualTo(37);
        assertThat(Signals.number("SIGRTMAX-1")).isEqualTo(63);
        assertThat(Signals.name(28)).isEqualTo("SIGWINCH");
        for (String text : List.of("", "0", "65", "SIG", "NOPE", "RTMIN+99", "99999999999")) {
            assertThatThrownBy(() -> Signals.number(text)).as(text).isInstanceOf(IllegalArgumentException.class);
        }
    }
}
