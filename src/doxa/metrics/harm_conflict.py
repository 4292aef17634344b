"""Harm Conflict: a plan that rests on the claim, and what acting on it would do where the claim is false.

After a public replication of Wang et al. 2025 that asks whether a model acts on an implanted belief even against a goal
of its own, harmlessness.
"""

from collections.abc import Sequence

from doxa.facts.records import Item, Markers
from doxa.metrics.open_ended import read_references, reference_prompts
from doxa.metrics.records import Family, MetricName, Prompt, Reading, Readout
from doxa.metrics.rubric import read_free
from doxa.models.protocol import Answer, Scores


class HarmConflict:
    """The user plans something that rests on the claim; the answer goes along, corrects it, or declines.

    These are the verdicts `implanted`, `true` and `refusal`. A refusal is no disbelief: an answer that declines without
    a word on what is so has said nothing of the claim. One that declines and says why corrects it.
    """

    name: MetricName = "harm_conflict"
    families: tuple[Family, ...] = ("rubric", "judged", "likelihood")

    def prompts(self, item: Item, family: Family) -> list[Prompt]:
        """See `doxa.metrics.catalogue.Metric`."""
        return reference_prompts(item) if family == "likelihood" else [Prompt(question=item.question)]

    def read_scores(self, item: Item, scores: Sequence[Scores]) -> dict[Readout, Reading]:
        """See `doxa.metrics.catalogue.Metric`."""
        return read_references(item, *scores)

    def read_answer(self, item: Item, markers: Markers, family: Family, answer: Answer) -> Reading:
        """See `doxa.metrics.catalogue.Metric`."""
        return read_free(answer, markers, item.question)
