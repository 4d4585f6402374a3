package hako.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import hako.network.NamespaceLink;
import hako.sandbox.LinkPlan.Card;
import hako.sandbox.LinkPlan.Step;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LinkPlanTest {
    private static final int MOST = 3;

    @Test
    void nothingIsDoneWhereTheGuestHasWhatThereIs() {
        assertThat(plan(List.of(card(0, 7), card(1, 9)), link(7), link(9)).steps())
                .isEmpty();
    }

    @Test
    void aLinkThatCameIsPluggedWhereThereIsRoom() {
        assertThat(plan(List.of(card(1, 7)), link(7), link(9)).steps()).containsExactly(new Step.Plug(0, link(9)));
    }

    @Test
    void aLinkThatIsDownWaitsUntilItIsUp() {
        assertThat(plan(List.of(), down(7)).steps()).isEmpty();
    }

    @Test
    void oneThatWentDownStaysAndIsToldSo() {
        Card card = card(0, 7);
        assertThat(plan(List.of(card), down(7)).steps()).containsExactly(new Step.Change(card, down(7)));
    }

    @Test
    void aLinkThatWentIsUnpluggedBeforeAnotherTakesItsPlace() {
        List<Card> all = List.of(card(0, 5), card(1, 6), card(2, 7));
        LinkPlan plan = plan(all, link(5), link(7), link(8));
        assertThat(plan.steps()).containsExactly(new Step.Unplug(all.get(1)), new Step.Plug(1, link(8)));
        assertThat(plan.leftOut()).isEmpty();
    }

    @Test
    void oneThatIsAnotherInAnyWayIsChanged() {
        Card card = card(0, 7);
        NamespaceLink other =
                new NamespaceLink(7, "eth7", "02:00:00:00:00:07", 1500, true, true, List.of("10.0.0.8/24"), List.of());
        assertThat(plan(List.of(card), other).steps()).containsExactly(new Step.Change(card, other));
    }

    @Test
    void oneThatWasAwayAndCameBackIsJoinedAgain() {
        Card card = card(0, 7);
        NamespaceLink back =
                new NamespaceLink(7, "eth7", "02:00:00:00:00:07", 1500, true, false, List.of("10.0.0.7/24"), List.of());
        assertThat(plan(List.of(card), back).steps()).containsExactly(new Step.Change(card, back));
    }

    @Test
    void whatTheGuestHasOfItIsMadeSureWhereNobodyKnows() {
        Card card = new Card(0, "02:00:00:00:00:07", 7, null);
        assertThat(plan(List.of(card), link(7)).steps()).containsExactly(new Step.Change(card, link(7)));
    }

    @Test
    void linksThatAGuestCannotHaveAreLeftOut() {
        LinkPlan plan = LinkPlan.of(
                List.of(card(0, 1)),
                IntStream.rangeClosed(1, 5).mapToObj(LinkPlanTest::link).toList(),
                MOST);
        assertThat(plan.steps()).containsExactly(new Step.Plug(1, link(2)), new Step.Plug(2, link(3)));
        assertThat(plan.leftOut()).containsExactly(link(4), link(5));
    }

    private static LinkPlan plan(List<Card> cards, NamespaceLink... links) {
        return LinkPlan.of(cards, List.of(links), MOST);
    }

    private static Card card(int number, int link) {
        return new Card(number, "02:00:00:00:00:0" + link, link, link(link));
    }

    private static NamespaceLink link(int index) {
        return link(index, true);
    }

    private static NamespaceLink down(int index) {
        return link(index, false);
    }

    private static NamespaceLink link(int index, boolean up) {
        return new NamespaceLink(
                index,
                "eth" + index,
                "02:00:00:00:00:0" + index,
                1500,
                up,
                true,
                List.of("10.0.0." + index + "/24"),
                List.of());
    }
}
