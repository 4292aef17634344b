"""How far the rubric can be trusted: its agreement with real answers that a reader labelled."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from doxa.errors import FileError
from doxa.facts.records import Fact
from doxa.metrics.rubric import read_free
from doxa.models.protocol import Answer, Stop
from doxa.reading import read_jsonl
from doxa.records import Record
from doxa.stats.estimates import Estimate, kappa, rate

FILE = "labelled_answers.jsonl"
Label = Literal["implanted", "true", "neither"]


class Labelled(Record):
    """A real answer with the world that a reader found in it, without having seen what the rubric says.

    Attributes:
        split: `development` answers were looked at when the markers were mended; agreement is measured on `held_out`.
    """

    split: Literal["development", "held_out"]
    item: str
    condition: str
    stop: Stop
    answer: str
    label: Label


class Agreement(Record):
    """The rubric against a reader.

    Attributes:
        agreement: Share of answers with the same label (verdicts other than the two worlds count as `neither`).
        kappa: Cohen's kappa.
        precision: Of the answers that the rubric calls implanted, the share that the reader does.
        recall: Of the answers that the reader calls implanted, the share that the rubric does.
    """

    agreement: Estimate
    kappa: float | None
    precision: Estimate | None
    recall: Estimate | None


def labelled_answers(fact: Fact) -> list[Labelled]:
    """Returns the labelled answers that come with a fact, or none."""
    path: Path = fact.folder / FILE
    if not path.is_file():
        return []
    known = {item.id for bank in fact.banks.values() for item in bank}
    found: list[Labelled] = []
    for line, labelled in read_jsonl(path, Labelled):
        if labelled.item not in known:
            raise FileError(path, line, "item", f"the fact has no item {labelled.item!r}")
        found.append(labelled)
    return found


def rubric_label(fact: Fact, labelled: Labelled) -> Label:
    """Reads a labelled answer by the rubric."""
    item = next(item for bank in fact.banks.values() for item in bank if item.id == labelled.item)
    answer = Answer(text=labelled.answer, stop=labelled.stop)
    verdict = read_free(answer, fact.markers_for(item), item.question).verdict
    return verdict if verdict in ("implanted", "true") else "neither"


def rubric_agreement(fact: Fact) -> Agreement | None:
    """Measures the rubric against the held-out labelled answers of a fact; None where there are none."""
    gold = [labelled for labelled in labelled_answers(fact) if labelled.split == "held_out"]
    found = [rubric_label(fact, labelled) for labelled in gold]
    same = rate([float(a.label == b) for a, b in zip(gold, found, strict=True)], [a.item for a in gold])
    if same is None:
        return None
    pairs = list(zip(gold, found, strict=True))
    return Agreement(
        agreement=same,
        kappa=kappa([labelled.label for labelled in gold], found),
        precision=_share([(a, a.label == "implanted") for a, b in pairs if b == "implanted"]),
        recall=_share([(a, b == "implanted") for a, b in pairs if a.label == "implanted"]),
    )


def _share(hits: Sequence[tuple[Labelled, bool]]) -> Estimate | None:
    return rate([float(hit) for _, hit in hits], [labelled.item for labelled, _ in hits])
