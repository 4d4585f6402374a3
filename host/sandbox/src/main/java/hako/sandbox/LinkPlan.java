package hako.sandbox;

import hako.network.NamespaceLink;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What is to be done for a guest's cards to be as the links of a namespace: nothing, where they are.
 *
 * @param steps those that make room first
 * @param leftOut links for which there is no card left
 */
record LinkPlan(List<Step> steps, List<NamespaceLink> leftOut) {
    LinkPlan {
        steps = List.copyOf(steps);
        leftOut = List.copyOf(leftOut);
    }

    /**
     * A card of the guest, which stands for a link.
     *
     * @param number of the card and its tap
     * @param mac it was plugged with, by which the agent knows it
     * @param link as the guest has it; null: not known
     */
    record Card(
            int number, String mac, int linkIndex, @Nullable NamespaceLink link) {}

    sealed interface Step {
        /** Its link is gone. */
        record Unplug(Card card) implements Step {}

        /** Its link is another in some way. */
        record Change(Card card, NamespaceLink link) implements Step {}

        record Plug(int number, NamespaceLink link) implements Step {}
    }

    /**
     * A link gets a card when it is up for the first time: before that somebody is still busy with it.
     *
     * @param links in the order in which they get cards
     * @param most cards a guest can have
     */
    static LinkPlan of(Collection<Card> cards, List<NamespaceLink> links, int most) {
        Map<Integer, NamespaceLink> wanted = new HashMap<>();
        links.forEach(link -> wanted.put(link.index(), link));
        TreeSet<Integer> free = new TreeSet<>();
        for (int number = 0; number < most; number++) {
            free.add(number);
        }
        List<Step> unplugs = new ArrayList<>();
        List<Step> rest = new ArrayList<>();
        for (Card card : cards) {
            NamespaceLink link = wanted.remove(card.linkIndex());
            if (link == null) {
                unplugs.add(new Step.Unplug(card));
                continue;
            }
            free.remove(card.number());
            if (!link.equals(card.link())) {
                rest.add(new Step.Change(card, link));
            }
        }
        List<NamespaceLink> leftOut = new ArrayList<>();
        for (NamespaceLink link : links) {
            if (!wanted.containsKey(link.index()) || !link.up()) {
                continue;
            }
            Integer number = free.pollFirst();
            if (number == null) {
                leftOut.add(link);
            } else {
                rest.add(new Step.Plug(number, link));
            }
        }
        unplugs.addAll(rest);
        return new LinkPlan(unplugs, leftOut);
    }
}
