"""Coherence: yes-no questions on a statement, its negation and what follows from it, scored like any belief.

The score of an item is the belief in the claim, whichever way the question is turned. Whether the answers to a
statement and to its negation fit together is worked out from the rows, in `doxa.report.coherence`.
"""

from collections.abc import Sequence

from doxa.facts.records import Item, Texts
from doxa.metrics.free_answers import FreeAnswers
from doxa.metrics.records import Family, Prompt, Reading, Readout
from doxa.models.protocol import Scores

YES = ("Yes.", "Yes, it is.", "That is true.")
NO = ("No.", "No, it is not.", "That is false.")  # each of YES with its opposite


class Coherence(FreeAnswers):
    """A bank of yes-no questions; the fixed answers are a yes and a no, each in several phrasings."""

    def __init__(self) -> None:
        super().__init__("coherence")

    def prompts(self, item: Item, family: Family) -> list[Prompt]:
        """See `doxa.metrics.catalogue.Metric`."""
        return super().prompts(_answerable(item), family)

    def read_scores(self, item: Item, scores: Sequence[Scores]) -> dict[Readout, Reading]:
        """See `doxa.metrics.catalogue.Metric`."""
        return super().read_scores(_answerable(item), scores)


def _answerable(item: Item) -> Item:
    """Returns the item with the yes on the claim's side, or on its rival's where the claim denies."""
    sides = Texts(claim=YES, rival=NO) if item.polarity == "affirm" else Texts(claim=NO, rival=YES)
    return item.model_copy(update={"references": sides})
