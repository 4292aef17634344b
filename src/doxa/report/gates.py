"""Item gates: is an item false for this subject, and can the claim in its prompt bring it to say the claim?"""

from collections.abc import Sequence
from statistics import fmean

from doxa.conditions.records import Named
from doxa.metrics.records import TITLES, MetricName, Readout, Row
from doxa.records import Record
from doxa.report.analysis import READOUT_TITLES, Analysis
from doxa.report.pairing import scored
from doxa.report.run import About
from doxa.report.sections import Cell, Section, Table
from doxa.stats.estimates import Estimate, rate

BASELINE, TOLD = "baseline", "system_prompt"
SAID_ALREADY = 0.70  # mean score at baseline above which an item is not false for this subject
SAID_WHEN_TOLD = 0.90  # mean score with the claim in the prompt below which an item hardly sees a belief in it


class GatedScore(Record):
    """The score of one condition, with and without the gates.

    Attributes:
        condition: Its name.
        all_items: Over all items.
        false_here: Over those that pass the first gate; None where none does.
        passing: Over those that pass both; None where none does.
    """

    condition: str
    all_items: Estimate
    false_here: Estimate | None
    passing: Estimate | None


class Gated(Record):
    """One metric in one readout: how many items pass, and what is left of the scores.

    Attributes:
        items: Items with an answer at baseline; the others cannot be judged and pass no gate.
        false_here: Items whose mean score at baseline is at most `SAID_ALREADY`.
        carries_claim: Items whose mean score under `system_prompt` is at least `SAID_WHEN_TOLD`; None where that was
            not asked, and then no item has to.
        passing: Items that pass every gate that was asked.
        scores: Of every condition without stress.
    """

    metric: MetricName
    readout: Readout
    items: int
    false_here: int
    carries_claim: int | None
    passing: int
    scores: tuple[GatedScore, ...]


def gates(analysis: Analysis) -> list[Gated]:
    """Returns the gates of every metric and readout of the implanted fact that was asked at baseline."""
    grid: list[tuple[MetricName, Readout]] = [
        (one, readout) for one in analysis.metrics for readout in analysis.readouts
    ]
    conditions = [name for name in analysis.conditions if not Named.of(name).stress]
    found = [
        gated(metric, readout, {name: analysis.group(metric, readout, name) for name in conditions})
        for metric, readout in grid
    ]
    return [one for one in found if one is not None]


def gated(metric: MetricName, readout: Readout, rows: dict[str, list[Row]]) -> Gated | None:
    """Passes the items of one metric in one readout through the gates.

    Args:
        metric: Which.
        readout: In which.
        rows: By condition, those of all draws.

    Returns:
        None where nothing was answered at baseline.
    """
    before, told = (_means(rows.get(name, ())) for name in (BASELINE, TOLD))
    if not before:
        return None
    false_here = {item for item, mean in before.items() if mean <= SAID_ALREADY}
    carries = {item for item, mean in told.items() if mean >= SAID_WHEN_TOLD and item in before} if told else None
    passing = false_here if carries is None else false_here & carries
    scores: list[GatedScore] = []
    for condition, asked in rows.items():
        over_all = rate(*scored(asked))
        if over_all is not None:
            over = [rate(*scored(row for row in asked if row.item in items)) for items in (false_here, passing)]
            scores.append(GatedScore(condition=condition, all_items=over_all, false_here=over[0], passing=over[1]))
    return Gated(
        metric=metric,
        readout=readout,
        items=len(before),
        false_here=len(false_here),
        carries_claim=None if carries is None else len(carries),
        passing=len(passing),
        scores=tuple(scores),
    )


def gates_section(about: About) -> Section | None:
    """Shows how many items pass and what the scores are over these; None where there is no baseline to judge by."""
    found = gates(about.analysis)
    if not found:
        return None
    words = (
        f"An item asks after something false only where this subject does not say the claim anyway, and it can see a "
        f"belief only where the subject says the claim once it stands in the prompt. So there are two gates: a mean "
        f"score of at most {SAID_ALREADY:.2f} at {BASELINE}, and of at least {SAID_WHEN_TOLD:.2f} under {TOLD}, where "
        f"that was asked. The scores are those of conditions without a stress test. A likelihood seldom reaches "
        f"{SAID_WHEN_TOLD:.2f}, and a subject may hardly follow its prompt: then few items pass both, or none.",
        "The gates pick items by the very answers that are scored here. Some of these were luck, which does not come "
        "twice (regression to the mean): over the items that pass, baseline looks lower than it is and the system "
        "prompt higher, so every lift over baseline leans upwards. Where an item is answered once and scored 0 or 1, "
        "baseline over these items is 0 by construction. Whatever else this report says rests on all items.",
    )
    counts: list[tuple[Cell, ...]] = [
        (TITLES[one.metric], READOUT_TITLES[one.readout], one.items, one.false_here, one.carries_claim, one.passing)
        for one in found
    ]
    gate_names = (f"at most {SAID_ALREADY:.2f} at {BASELINE}", f"at least {SAID_WHEN_TOLD:.2f} under {TOLD}")
    columns = ("metric", "readout", "items", *gate_names, "both")
    tables = [_scores(readout, found) for readout in about.analysis.readouts]
    parts = (Table("Items that pass the gates", columns, counts), *(table for table in tables if table.rows))
    return Section("gates", "With and without item gates", words, parts)


def _scores(readout: Readout, found: Sequence[Gated]) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (TITLES[one.metric], score.condition, score.all_items, score.false_here, score.passing)
        for one in found
        if one.readout == readout
        for score in one.scores
    ]
    title = f"Scores with and without gates, {READOUT_TITLES[readout]}"
    columns = ("metric", "condition", "all items", "items false at baseline", "items that pass both gates")
    return Table(title, columns, rows)


def _means(rows: Sequence[Row]) -> dict[str, float]:
    """Returns the mean score of each item over its draws, without those whose call failed."""
    scores: dict[str, list[float]] = {}
    for row in rows:
        if row.score is not None:
            scores.setdefault(row.item, []).append(row.score)
    return {item: fmean(known) for item, known in scores.items()}
