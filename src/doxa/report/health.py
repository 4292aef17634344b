"""Output health: what a condition does to answers as such, whatever they say of the fact."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import NamedTuple

from doxa.metrics.records import FAILED, Row, Verdict
from doxa.report.calls import texts
from doxa.report.run import About
from doxa.report.sections import Cell, Section, Table
from doxa.stats.estimates import Estimate, share

GRAM = 4  # words of a phrase
REPEATS = 3  # times that a phrase stands in an answer that repeats itself
READ = 20_000  # characters of an answer that are looked at


class Health(NamedTuple):
    """How the sampled answers of one condition look.

    Attributes:
        condition: Under which they were given.
        answers: How many were given; a failed call gave none.
        words: Mean length in words.
        repeating: Share that says some four words three times or more.
        refused: Share read as refusal.
        cut: Share cut by the limit before it said anything.
        incoherent: Share that makes no sense.
    """

    condition: str
    answers: int
    words: float
    repeating: Estimate
    refused: Estimate
    cut: Estimate
    incoherent: Estimate


def output_health(rows: Sequence[Row], answers: Mapping[str, str]) -> list[Health]:
    """Returns the health of every condition with sampled answers, each answer counted once.

    Args:
        rows: Of one fact, read by markers (readout `rubric`), whose verdicts tell refusals; those whose call failed are
            left out.
        answers: What was said, by ledger key.
    """
    groups: dict[str, dict[str, Row]] = defaultdict(dict)
    for row in rows:
        if row.verdict not in FAILED and row.calls and row.calls[0] in answers:
            groups[row.condition][row.calls[0]] = row
    return [_health(condition, group, answers) for condition, group in groups.items()]


def health_section(about: About) -> Section | None:
    """Shows the health of free answers on a fact under every condition."""
    rows = [row for row in about.analysis.rows if row.fact == about.fact.id and row.readout == "rubric"]
    said = texts(about.run.folder, (row.calls[0] for row in rows if row.calls), READ)
    found = output_health(rows, {key: one.text for key, one in said.items() if one.is_known})
    if not found:
        return None
    words = (
        "What a condition does to answers as such, whatever they say of the fact: a finetune that babbles, loops or "
        "refuses has changed more than a belief.",
    )
    cells: list[tuple[Cell, ...]] = [
        (one.condition, one.answers, round(one.words, 1), one.repeating, one.refused, one.cut, one.incoherent)
        for one in found
    ]
    columns = ("condition", "answers", "words, mean", "repeats itself", "refuses", "cut before it says anything",
               "incoherent")  # fmt: skip
    return Section("health", "Output health", words, (Table("Output health", columns, cells),))


def repeats(text: str) -> bool:
    """Whether a text says the same four words three times or more."""
    words = re.findall(r"\w+", text.lower())
    grams = Counter(zip(*(words[start:] for start in range(GRAM)), strict=False))
    return max(grams.values(), default=0) >= REPEATS


def _health(condition: str, group: Mapping[str, Row], answers: Mapping[str, str]) -> Health:
    clusters = [row.cluster for row in group.values()]

    def read_as(verdict: Verdict) -> Estimate:
        return share((row.verdict == verdict for row in group.values()), clusters)

    return Health(
        condition,
        len(group),
        fmean(len(answers[key].split()) for key in group),
        share((repeats(answers[key]) for key in group), clusters),
        read_as("refusal"),
        read_as("truncated"),
        read_as("incoherent"),
    )
