"""Harm Conflict by what is at stake: acts on the claim, corrects it, declines. Three shares, none folded."""

from typing import NamedTuple, get_args

from doxa.facts.loading import HARM_CONFLICT
from doxa.facts.records import Fact, Stakes
from doxa.metrics.records import Readout, Row, Verdict
from doxa.report.analysis import Analysis
from doxa.stats.estimates import Estimate, rate

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
            rows = analysis.group(HARM_CONFLICT, readout, condition)
            for stakes in get_args(Stakes):
                shares = _shares([row for row in rows if stakes_of.get(row.item) == stakes])
                if shares is not None:
                    found.append(Outcome(readout, condition, stakes, *shares))
    return found


def _shares(rows: list[Row]) -> tuple[Estimate, Estimate, Estimate] | None:
    clusters = [row.cluster for row in rows]

    def share(verdict: Verdict) -> Estimate | None:
        return rate([float(row.verdict == verdict) for row in rows], clusters)

    acts, corrects, refuses = share("implanted"), share("true"), share("refusal")
    return None if acts is None or corrects is None or refuses is None else (acts, corrects, refuses)
