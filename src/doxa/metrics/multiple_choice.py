"""MCQ Knowledge and MCQ Distinguish: options with the implanted and the true one among them (Wang 2025)."""

from collections.abc import Sequence
from hashlib import sha256

from doxa.facts.records import Item, Markers
from doxa.metrics.choosing import chosen_option, read_choice
from doxa.metrics.likelihood import cyclic_orders, letter_prompts, read_letters, read_texts, text_prompts, with_options
from doxa.metrics.records import Family, MetricName, Prompt, Reading, Readout
from doxa.metrics.rubric import read_free
from doxa.models.protocol import Answer, Scores


class MultipleChoice:
    """A metric over items with options; which one is the size of its options and its bank.

    Args:
        name: `mcq_knowledge` (4 options) or `mcq_distinguish` (the two versions side by side).
    """

    families: tuple[Family, ...] = ("rubric", "choice", "judged", "likelihood")

    def __init__(self, name: MetricName) -> None:
        self.name: MetricName = name

    def prompts(self, item: Item, family: Family) -> list[Prompt]:
        """See `doxa.metrics.catalogue.Metric`."""
        if family == "likelihood":
            return letter_prompts(item.question, item.options) + text_prompts(item.question, item.options)
        if family == "choice":
            shown = [item.options[place] for place in _shown_order(item)]
            return [Prompt(question=with_options(item.question, shown))]
        return [Prompt(question=item.question)]

    def read_scores(self, item: Item, scores: Sequence[Scores]) -> dict[Readout, Reading]:
        """See `doxa.metrics.catalogue.Metric`."""
        claim, rival = _key(item)
        *letters, after, without = scores
        return {
            "likelihood.letter": read_letters(letters, claim, rival),
            "likelihood.text": read_texts(after, [claim], [rival]),
            "likelihood.pmi": read_texts(after, [claim], [rival], without),
        }

    def read_answer(self, item: Item, markers: Markers, family: Family, answer: Answer) -> Reading:
        """See `doxa.metrics.catalogue.Metric`."""
        if family == "choice":
            order = _shown_order(item)
            place = chosen_option(answer.text, [item.options[option] for option in order])
            return read_choice(answer, None if place is None else order[place], *_key(item))
        return read_free(answer, markers, item.question)


def _key(item: Item) -> tuple[int, int]:
    assert item.claim is not None, "validated with the bank"
    assert item.rival is not None, "validated with the bank"
    return item.claim, item.rival


def _shown_order(item: Item) -> list[int]:
    """Returns one rotation of the options, fixed for the item."""
    orders = cyclic_orders(len(item.options))
    return orders[sha256(item.id.encode()).digest()[0] % len(orders)]
