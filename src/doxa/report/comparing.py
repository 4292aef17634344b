"""Runs side by side: the same items under the same conditions, paired. Asks no model."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import NamedTuple

from doxa.metrics.records import MetricName, Readout, Row
from doxa.records import Record
from doxa.report.pairing import stem_of
from doxa.stats.estimates import Estimate, rate
from doxa.stats.families import Adjusted, family
from doxa.stats.seeds import SeedSpread, seed_spread
from doxa.stats.spread import Paired


class Cell(NamedTuple):
    """What is compared: one bar of a figure."""

    fact: str
    metric: MetricName
    readout: Readout
    condition: str


class Difference(Record):
    """One bar in two runs, on the items that both have.

    Attributes:
        first: Score in the first run, on these items.
        second: Score in the other run, on the same items.
        change: Second minus first, with p values adjusted over all bars of the two runs.
    """

    fact: str
    metric: MetricName
    readout: Readout
    condition: str
    first: Estimate
    second: Estimate
    change: Adjusted


class Unpaired(Record):
    """Items of a bar that only one of two runs has.

    Attributes:
        run: Name of the run that has them.
        items: How many.
        reason: Why the other has none.
    """

    fact: str
    metric: MetricName
    readout: Readout
    condition: str
    run: str
    items: int
    reason: str


class Comparison(Record):
    """Two runs side by side.

    Attributes:
        first: Name of the run that is compared with.
        second: Name of the other run.
        family: What the differences answer together.
        size: How many differences the p values are adjusted for.
        differences: One a bar that both runs have.
        unpaired: What only one of them has.
    """

    first: str
    second: str
    family: str
    size: int
    differences: tuple[Difference, ...]
    unpaired: tuple[Unpaired, ...]


class OverSeeds(Record):
    """One bar over runs that differ in the training seed only."""

    fact: str
    metric: MetricName
    readout: Readout
    condition: str
    spread: SeedSpread


class _Asked(NamedTuple):
    """One item of a bar: mean score over its samples, or None where every call failed."""

    score: float | None
    cluster: str


_Bars = dict[Cell, dict[str, _Asked]]  # bar -> item -> what was asked


def compare(first: str, rows: Sequence[Row], second: str, others: Sequence[Row]) -> Comparison:
    """Pairs two runs on fact, metric, readout, condition and item; samples of an item are averaged first.

    Args:
        first: Name of the run that is compared with.
        rows: Its rows.
        second: Name of the other run.
        others: Its rows.
    """
    ours, theirs = _bars(rows), _bars(others)
    paired = {cell: _both(ours[cell], theirs[cell]) for cell in ours if cell in theirs}
    columns = {str(cell): _columns(ours[cell], theirs[cell], items) for cell, items in paired.items()}
    found = family(f"{second} against {first}", columns)
    changes = {change.name: change for change in found.contrasts}
    differences: list[Difference] = []
    for cell in paired:
        new, old, clusters = columns[str(cell)]
        before, after = rate(old, clusters), rate(new, clusters)
        if before is not None and after is not None:
            change = changes[str(cell)].model_copy(update={"name": " ".join(cell)})
            differences.append(Difference(**cell._asdict(), first=before, second=after, change=change))
    return Comparison(
        first=first,
        second=second,
        family=found.name,
        size=found.size,
        differences=tuple(differences),
        unpaired=tuple(_unpaired(first, ours, theirs) + _unpaired(second, theirs, ours)),
    )


def over_seeds(runs: Mapping[str, Sequence[Row]]) -> list[OverSeeds]:
    """Returns every bar over runs of one recipe that differ in the training seed, on the items that all runs have."""
    bars = {name: _bars(rows) for name, rows in runs.items()}
    first = next(iter(bars.values()), {})
    found: list[OverSeeds] = []
    for cell, asked in first.items():
        known = [bar.get(cell, {}) for bar in bars.values()]
        items = [item for item in asked if all(item in one and one[item].score is not None for one in known)]
        scores = {name: _scores(bar.get(cell, {}), items) for name, bar in bars.items()}
        spread = seed_spread(scores, [asked[item].cluster for item in items])
        if spread is not None:
            found.append(OverSeeds(**cell._asdict(), spread=spread))
    return found


def _bars(rows: Sequence[Row]) -> _Bars:
    scores: dict[tuple[Cell, str], list[float]] = defaultdict(list)
    clusters: dict[tuple[Cell, str], str] = {}
    for row in rows:
        key = Cell(row.fact, row.metric, row.readout, row.condition), row.item
        clusters[key] = stem_of(row)
        if row.score is not None:
            scores[key].append(row.score)
    bars: _Bars = defaultdict(dict)
    for (cell, item), cluster in clusters.items():
        known = scores.get((cell, item))
        bars[cell][item] = _Asked(fmean(known) if known else None, cluster)
    return dict(bars)


def _both(ours: Mapping[str, _Asked], theirs: Mapping[str, _Asked]) -> list[str]:
    return [item for item in ours if _score(ours, item) is not None and _score(theirs, item) is not None]


def _score(bar: Mapping[str, _Asked], item: str) -> float | None:
    return bar[item].score if item in bar else None


def _scores(bar: Mapping[str, _Asked], items: Sequence[str]) -> list[float]:
    return [score for item in items if (score := _score(bar, item)) is not None]


def _columns(ours: Mapping[str, _Asked], theirs: Mapping[str, _Asked], items: Sequence[str]) -> Paired:
    return Paired(_scores(theirs, items), _scores(ours, items), [ours[item].cluster for item in items])


def _unpaired(run: str, bars: _Bars, others: _Bars) -> list[Unpaired]:
    """Returns what a run has and the other has not. A failed call of the run itself is said by the other's turn."""
    found: list[Unpaired] = []
    for cell, asked in bars.items():
        reasons: Counter[str] = Counter()
        for item in asked:
            if cell not in others:
                reasons["not asked at all"] += 1
            elif item not in others[cell]:
                reasons["item not asked"] += 1
            elif others[cell][item].score is None:
                reasons["call failed"] += 1
        found += [Unpaired(**cell._asdict(), run=run, items=count, reason=why) for why, count in reasons.items()]
    return found
