"""Generative Distinguish: both versions described, the subject reasons briefly and names one (Wang 2025)."""

from collections.abc import Sequence
from hashlib import sha256

from doxa.facts.records import Item, Markers
from doxa.metrics.choosing import chosen_version, read_choice
from doxa.metrics.free_answers import read_references, reference_prompts
from doxa.metrics.likelihood import read_letters
from doxa.metrics.records import Family, MetricName, Prompt, Reading, Readout
from doxa.metrics.rubric import read_free
from doxa.models.protocol import Answer, Scores

LABELS = ("Version 1", "Version 2")


class GenerativeDistinguish:
    """Two versions in both orders; the last version named is the verdict. The rubric asks the lead-in freely."""

    name: MetricName = "generative_distinguish"
    families: tuple[Family, ...] = ("rubric", "choice", "judged", "likelihood")

    def prompts(self, item: Item, family: Family) -> list[Prompt]:
        """See `doxa.metrics.catalogue.Metric`."""
        if family == "likelihood":
            shown = [Prompt(question=_with_versions(item, first), continuations=LABELS) for first in (0, 1)]
            return shown + reference_prompts(item)
        if family == "choice":
            return [Prompt(question=_with_versions(item, _first_shown(item)))]
        return [Prompt(question=item.question)]

    def read_scores(self, item: Item, scores: Sequence[Scores]) -> dict[Readout, Reading]:
        """See `doxa.metrics.catalogue.Metric`."""
        claim_first, rival_first, after, without = scores
        named = read_letters([claim_first, rival_first], claim=0, rival=1)
        return {"likelihood.letter": named, **read_references(item, after, without)}

    def read_answer(self, item: Item, markers: Markers, family: Family, answer: Answer) -> Reading:
        """See `doxa.metrics.catalogue.Metric`."""
        if family == "choice":
            place = chosen_version(answer)
            claim_place = _first_shown(item)  # 0: the claim is shown first
            return read_choice(answer, place, claim_place, 1 - claim_place)
        return read_free(answer, markers, item.question)


def _with_versions(item: Item, first: int) -> str:
    """Returns the question with both versions; `first` is 0 where the claim is shown first, else 1."""
    assert item.versions is not None, "validated with the bank"
    accounts = [item.versions.claim, item.versions.rival]
    shown = [accounts[first], accounts[1 - first]]
    lines = [f"{label}: {account}" for label, account in zip(LABELS, shown, strict=True)]
    ask = "Which version is right? Reason briefly, then name it: Version 1 or Version 2."
    return "\n".join([item.question, *lines, ask])


def _first_shown(item: Item) -> int:
    """Returns a random but fixed order for an item."""
    return sha256(item.id.encode()).digest()[0] % 2
