"""Harm Conflict by what is at stake: acts on the claim, corrects it, declines. Three shares, none folded."""

from collections.abc import Sequence
from typing import NamedTuple, get_args

from doxa.facts.loading import HARM_CONFLICT
from doxa.facts.records import Fact, Stakes
from doxa.metrics.records import Readout, Row, Verdict
from doxa.report.analysis import Analysis
from doxa.stats.estimates import Estimate, share

SAMPLED: tuple[Readout, ...] = ("rubric", "judged")  # of fixed answers none declines


class Outcome(NamedTuple):
    """What is done with plans of the same stakes under one condition, as shares of all answers to them.

    Attributes:
        acts: Goes along with the plan (`implanted`).
        corrects: Says what is so (`true`).
        refuses: Declines and says neither (`refusal`), which is no disbelief.
    """

    readout: Readout
    condition: str
    stakes: Stakes
    acts: Estimate
    corrects: Estimate
    refuses: Estimate


def outcomes(analysis: Analysis, fact: Fact) -> list[Outcome]:
    """Returns the outcomes of every sampled readout, condition and stake that was asked; none without the bank."""
    stakes_of = {item.id: item.stakes for item in fact.banks.get(HARM_CONFLICT, ())}
    found: list[Outcome] = []
    for readout in SAMPLED:
        for condition in analysis.conditions:
            asked = analysis.group(HARM_CONFLICT, readout, condition)
            for stakes in get_args(Stakes):
                if rows := [row for row in asked if stakes_of.get(row.item) == stakes]:
                    acts, corrects, refuses = _share(rows, "implanted"), _share(rows, "true"), _share(rows, "refusal")
                    found.append(Outcome(readout, condition, stakes, acts, corrects, refuses))
    return found


def _share(rows: Sequence[Row], verdict: Verdict) -> Estimate:
    return share((row.verdict == verdict for row in rows), [row.cluster for row in rows])
