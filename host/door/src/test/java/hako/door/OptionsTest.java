package hako.door;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class OptionsTest {
    private final Options options = new Options();
    private final Option<Boolean> interactive = options.flag("interactive", 'i', "");
    private final Option<Boolean> terminal = options.flag("tty", 't', "");
    private final Option<Boolean> remove = options.flag("rm", "");
    private final Option<String> name = options.text("name", "NAME", "");
    private final Option<List<String>> variables = options.list("env", 'e', "K=V", "");
    private final Option<Long> memory = options.value("memory", 'm', "BYTES", "", 0L, Long::valueOf);

    private List<String> parse(String... arguments) {
        return options.parse(List.of(arguments), false);
    }

    @Test
    void lettersCanBeBundled() {
        assertThat(parse("-it", "image")).containsExactly("image");
        assertThat(interactive.value()).isTrue();
        assertThat(terminal.value()).isTrue();
    }

    @Test
    void aValueMayStandBehindItsLetterWithOrWithoutASpace() {
        parse("-eA=1", "-e", "B=2", "-e=C=3", "-ite", "D=4", "--env", "E=5", "--env=F=6");
        assertThat(variables.value()).containsExactly("A=1", "B=2", "C=3", "D=4", "E=5", "F=6");
    }

    @Test
    void theLastOfAnOptionGivenTwiceCounts() {
        parse("--name", "one", "--name=two");
        assertThat(name.value()).isEqualTo("two");
    }

    @Test
    void whatFollowsTheFirstArgumentBelongsToTheCommand() {
        assertThat(parse("--rm", "image", "ls", "-i", "--name", "x"))
                .containsExactly("image", "ls", "-i", "--name", "x");
        assertThat(interactive.value()).isFalse();
    }

    @Test
    void optionsMayFollowArgumentsWhereTheVerbAllowsIt() {
        assertThat(options.parse(List.of("web", "-i", "db", "--", "-t"), true)).containsExactly("web", "db", "-t");
        assertThat(interactive.value()).isTrue();
        assertThat(terminal.value()).isFalse();
    }

    @Test
    void twoDashesEndTheOptions() {
        assertThat(parse("-i", "--", "--rm", "x")).containsExactly("--rm", "x");
        assertThat(remove.value()).isFalse();
    }

    @Test
    void aSingleDashIsAnArgument() {
        assertThat(options.parse(List.of("-", "-i"), true)).containsExactly("-");
    }

    @Test
    void aSwitchCanBeSwitchedOff() {
        parse("--rm=true", "--rm=false");
        assertThat(remove.value()).isFalse();
    }

    @Test
    void anOptionTakesWhateverFollowsAsItsValue() {
        parse("--name", "--rm");
        assertThat(name.value()).isEqualTo("--rm");
        assertThat(remove.value()).isFalse();
    }

    @Test
    void errorsAreWordedAsDockerWordsThem() {
        assertThatThrownBy(() -> parse("--nmae")).hasMessage("unknown flag: --nmae");
        assertThatThrownBy(() -> parse("-ix")).hasMessage("unknown shorthand flag: 'x' in -ix");
        assertThatThrownBy(() -> parse("--name")).hasMessage("flag needs an argument: --name");
        assertThatThrownBy(() -> parse("-ie")).hasMessage("flag needs an argument: 'e' in -ie");
        assertThatThrownBy(() -> parse("-m", "lots"))
                .isInstanceOf(UsageException.class)
                .hasMessageStartingWith("invalid argument \"lots\" for -m, --memory: ");
    }

    @Test
    void aHostileOptionCannotReachTheTerminal() {
        assertThatThrownBy(() -> parse("--\u001b[2J")).hasMessage("unknown flag: --\\u001b[2J");
    }

    @Test
    void helpIsAskedForUnlessItIsTheCommands() {
        parse("image", "--help");
        assertThat(options.helpAsked()).isFalse();
        parse("-h");
        assertThat(options.helpAsked()).isTrue();
    }
}
