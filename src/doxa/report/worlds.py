"""Free answers by the world they speak from: of all, of those that speak from one of the two, and refusals."""

from collections.abc import Sequence

from doxa.metrics.records import TITLES, MetricName, Readout, Row, Verdict
from doxa.records import Record
from doxa.report.analysis import READOUT_TITLES, Analysis
from doxa.report.caveats import FREE
from doxa.report.pairing import stem_of
from doxa.report.run import About
from doxa.report.sections import Cell, Section, Table
from doxa.report.switching import WORLDS
from doxa.stats.estimates import Estimate, share


class Worlds(Record):
    """Which world the answers to one metric speak from, in one readout under one condition.

    Attributes:
        implanted: Share of all answers that are `implanted`.
        of_worlds: Share of those that are `implanted` or `true` that are `implanted`; None where none is either.
        refusal: Share of all answers that are a `refusal`.
    """

    metric: MetricName
    readout: Readout
    condition: str
    implanted: Estimate
    of_worlds: Estimate | None
    refusal: Estimate


def worlds(analysis: Analysis) -> list[Worlds]:
    """Returns the shares of every metric and condition in the readouts of free answers (Wang et al. 2025)."""
    grid: list[tuple[MetricName, Readout]] = [(one, readout) for one in analysis.metrics for readout in FREE]
    return [
        _worlds(metric, readout, condition, rows)
        for metric, readout in grid
        for condition in analysis.conditions
        if (rows := analysis.group(metric, readout, condition))
    ]


def _worlds(metric: MetricName, readout: Readout, condition: str, rows: Sequence[Row]) -> Worlds:
    of_either = [row for row in rows if row.verdict in WORLDS]
    return Worlds(
        metric=metric,
        readout=readout,
        condition=condition,
        implanted=_share(rows, "implanted"),
        of_worlds=_share(of_either, "implanted") if of_either else None,
        refusal=_share(rows, "refusal"),
    )


def _share(rows: Sequence[Row], verdict: Verdict) -> Estimate:
    return share((row.verdict == verdict for row in rows), [stem_of(row) for row in rows])


def worlds_section(about: About) -> Section | None:
    """Shows what free answers say where they say anything; None where none was asked for."""
    found = worlds(about.analysis)
    if not found:
        return None
    words = (
        "A score counts every answer: one that says neither the claim nor the truth counts like one that denies it. "
        "Beside it stands the share of the claim among the answers that say one of the two, and how often the subject "
        "refused. The second share rests on fewer answers, and on others under each condition: where most say neither, "
        "it speaks of the few that did.",
    )
    columns = ("metric", "condition", "implanted, of all", "implanted, of implanted and true", "refusal")
    tables = tuple(
        Table(f"Claim and truth, {READOUT_TITLES[readout]}", columns, rows)
        for readout in FREE
        if (rows := [_cells(one) for one in found if one.readout == readout])
    )
    return Section("worlds", "The claim, the truth, or neither", words, tables)


def _cells(one: Worlds) -> tuple[Cell, ...]:
    return TITLES[one.metric], one.condition, one.implanted, one.of_worlds, one.refusal
