"""Metrics that are answered freely; their likelihood readout uses the item's reference answers.

* Open-Ended Belief: questions that presuppose neither world (Wang et al. 2025).
* Harm Conflict: the user plans something that rests on the claim; the answer goes along, corrects it, or declines:
  the verdicts `implanted`, `true` and `refusal`. A refusal is no disbelief: an answer that declines without a word on
  what is so has said nothing of the claim. One that declines and says why corrects it. After a public replication of
  Wang et al. 2025 that asks whether a model acts on an implanted belief even against a goal of its own, harmlessness.
* Direct belief and meta-belief: is it so, and does the persona believe that it is so? Direct and meta propensity: does
  the answer show the behaviour, and does the persona tend to it? After a public study of whether Qwen3 predicts its
  persona.
"""

from collections.abc import Sequence

from doxa.facts.records import Item, Markers
from doxa.metrics.likelihood import read_texts, text_prompts
from doxa.metrics.records import Family, MetricName, Prompt, Reading, Readout
from doxa.metrics.rubric import read_free
from doxa.models.protocol import Answer, Scores


class FreeAnswers:
    """A bank whose questions are answered freely, read by markers or by a judge."""

    families: tuple[Family, ...] = ("rubric", "judged", "likelihood")

    def __init__(self, name: MetricName) -> None:
        self.name: MetricName = name

    def prompts(self, item: Item, family: Family) -> list[Prompt]:
        """See `doxa.metrics.catalogue.Metric`."""
        return reference_prompts(item) if family == "likelihood" else [Prompt(question=item.question)]

    def read_scores(self, item: Item, scores: Sequence[Scores]) -> dict[Readout, Reading]:
        """See `doxa.metrics.catalogue.Metric`; sides are means over their phrasings."""
        return read_references(item, *scores)

    def read_answer(self, item: Item, markers: Markers, family: Family, answer: Answer) -> Reading:
        """See `doxa.metrics.catalogue.Metric`."""
        return read_free(answer, markers, item.question)


def reference_prompts(item: Item) -> list[Prompt]:
    """Returns the reference answers of both worlds, claim side first, with and without their question."""
    assert item.references is not None, "validated with the bank"
    return text_prompts(item.question, item.references.claim + item.references.rival)


def read_references(item: Item, after: Scores, without: Scores) -> dict[Readout, Reading]:
    """Reads the log-probabilities of the reference answers; sides are means over their phrasings."""
    assert item.references is not None, "validated with the bank"
    count = len(item.references.claim)
    claim, rival = range(count), range(count, 2 * count)
    return {
        "likelihood.text": read_texts(after, claim, rival),
        "likelihood.pmi": read_texts(after, claim, rival, without),
    }
