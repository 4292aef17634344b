"""How well a judge tells entailment, from its reading of the pairs. Pure: computed anew wherever a check is shown."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import get_args

from doxa.metrics.entailment import SETS, EntailmentCheck, JudgedPair, Label, Said, SetName
from doxa.records import Record
from doxa.stats.estimates import Estimate, rate

FAILED: Said = "judge_error"


class SetQuality(Record):
    """What a check says of its judge on one set.

    Attributes:
        set: The set.
        title: Its name.
        pairs: Pairs that were put to the judge.
        failed: Calls that failed; they count neither way.
        unparsed: Replies without a verdict; they count as wrong.
        accuracy: Share of verdicts that agree with the label, clustered by the text.
        majority: What always giving the commonest label of the same pairs would have got.
        confusion: Label -> verdict given -> how often.
    """

    set: SetName
    title: str
    pairs: int
    failed: int
    unparsed: int
    accuracy: Estimate | None
    majority: float | None
    confusion: dict[Label, dict[Said, int]]


def entailment_quality(check: EntailmentCheck) -> list[SetQuality]:
    """Returns what a check says of its judge, set by set."""
    return [_of_set(name, [pair for pair in check.pairs if pair.set == name]) for name in SETS]


def _of_set(name: SetName, pairs: Sequence[JudgedPair]) -> SetQuality:
    known = [pair for pair in pairs if pair.given != FAILED]
    labels = Counter(pair.expected for pair in known)
    confusion: dict[Label, Counter[Said]] = defaultdict(Counter)
    for pair in pairs:
        confusion[pair.expected][pair.given] += 1
    return SetQuality(
        set=name,
        title=SETS[name].title,
        pairs=len(pairs),
        failed=len(pairs) - len(known),
        unparsed=sum(pair.given == "unparsed" for pair in pairs),
        accuracy=rate([float(_agrees(pair)) for pair in known], [pair.cluster for pair in known]),
        majority=max(labels.values()) / len(known) if known else None,
        confusion={
            label: {said: confusion[label][said] for said in get_args(Said) if confusion[label][said]}
            for label in SETS[name].labels
            if label in confusion
        },
    )


def _agrees(pair: JudgedPair) -> bool:
    if pair.expected == "not_entailment":
        return pair.given in ("contradiction", "neutral")
    return pair.given == pair.expected
