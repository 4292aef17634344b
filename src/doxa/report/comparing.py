"""Runs side by side: the same items under the same conditions, paired. Asks no model."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from typing import NamedTuple

from doxa.metrics.records import MetricName, Readout, Row
from doxa.records import Record
from doxa.report.pairing import stem_of
from doxa.stats.estimates import Estimate, rate
from doxa.stats.families import Adjusted, family
from doxa.stats.seeds import SeedSpread, seed_spread
from doxa.stats.spread import Paired


class Bar(NamedTuple):
    """What is compared: one bar of a figure."""

    fact: str
    metric: MetricName
    readout: Readout
    persona: str
    condition: str


class OfBar(Record):
    """Whatever is said of one bar, with the bar's own fields."""

    fact: str
    metric: MetricName
    readout: Readout
    persona: str
    condition: str

    def named(self, personas: bool) -> str:
        """Returns the condition, with the persona under which it was asked where there are several."""
        return f"{self.persona}, {self.condition}" if personas else self.condition


class Difference(OfBar):
    """One bar in two runs, on the items that both have.

    Attributes:
        first: Score in the first run, on these items.
        second: Score in the other run, on the same items.
        change: Second minus first, with p values adjusted over all bars of the two runs.
    """

    first: Estimate
    second: Estimate
    change: Adjusted


class Unpaired(OfBar):
    """Items of a bar that only one of two runs has.

    Attributes:
        run: Name of the run that has them.
        items: How many.
        reason: Why the other has none.
    """

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

    @property
    def personas(self) -> bool:
        """Whether there are several, so that bars are to be told apart by them."""
        return several_personas([*self.differences, *self.unpaired])


class OverSeeds(OfBar):
    """One bar over runs that differ in the training seed only."""

    spread: SeedSpread


class _Asked(NamedTuple):
    """One item of a bar: mean score over its samples, or None where every call failed."""

    score: float | None
    cluster: str


_Bars = dict[Bar, dict[str, _Asked]]  # bar -> item -> what was asked


def several_personas(bars: Iterable[OfBar]) -> bool:
    """Whether bars were asked under more than one persona."""
    return len({bar.persona for bar in bars}) > 1


def compare(first: str, rows: Sequence[Row], second: str, others: Sequence[Row]) -> Comparison:
    """Pairs two runs on fact, metric, readout, persona, condition and item; samples of an item are averaged first.

    Args:
        first: Name of the run that is compared with.
        rows: Its rows.
        second: Name of the other run.
        others: Its rows.
    """
    ours, theirs = _bars(rows), _bars(others)
    pairs = {bar: _paired(ours[bar], theirs[bar]) for bar in ours if bar in theirs}
    several = len({bar.persona for bar in (*ours, *theirs)}) > 1
    names = {bar: " ".join(bar if several else (*bar[:3], bar.condition)) for bar in pairs}
    found = family(f"{second} against {first}", {names[bar]: pairs[bar] for bar in pairs})
    changes = {change.name: change for change in found.contrasts}
    differences: list[Difference] = []
    for bar, (new, old, clusters) in pairs.items():
        before, after = rate(old, clusters), rate(new, clusters)
        if before is not None and after is not None:
            change = changes[names[bar]]
            differences.append(Difference(**bar._asdict(), first=before, second=after, change=change))
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
    for bar, asked in first.items():
        known = [one.get(bar, {}) for one in bars.values()]
        items = [item for item in asked if all(item in one and one[item].score is not None for one in known)]
        scores = {name: _scores(one.get(bar, {}), items) for name, one in bars.items()}
        spread = seed_spread(scores, [asked[item].cluster for item in items])
        if spread is not None:
            found.append(OverSeeds(**bar._asdict(), spread=spread))
    return found


def _bars(rows: Sequence[Row]) -> _Bars:
    scores: dict[tuple[Bar, str], list[float]] = defaultdict(list)
    clusters: dict[tuple[Bar, str], str] = {}
    for row in rows:
        key = Bar(row.fact, row.metric, row.readout, row.persona, row.condition), row.item
        clusters[key] = stem_of(row)
        if row.score is not None:
            scores[key].append(row.score)
    bars: _Bars = defaultdict(dict)
    for (bar, item), cluster in clusters.items():
        known = scores.get((bar, item))
        bars[bar][item] = _Asked(fmean(known) if known else None, cluster)
    return dict(bars)


def _paired(ours: Mapping[str, _Asked], theirs: Mapping[str, _Asked]) -> Paired:
    """Pairs the items of a bar that both runs have, the other run's scores first."""
    both = [item for item in ours if _score(ours, item) is not None and _score(theirs, item) is not None]
    return Paired(_scores(theirs, both), _scores(ours, both), [ours[item].cluster for item in both])


def _score(bar: Mapping[str, _Asked], item: str) -> float | None:
    return bar[item].score if item in bar else None


def _scores(bar: Mapping[str, _Asked], items: Sequence[str]) -> list[float]:
    return [score for item in items if (score := _score(bar, item)) is not None]


def _unpaired(run: str, bars: _Bars, others: _Bars) -> list[Unpaired]:
    """Returns what a run has and the other has not. A failed call of the run itself is said by the other's turn."""
    found: list[Unpaired] = []
    for bar, asked in bars.items():
        reasons: Counter[str] = Counter()
        for item in asked:
            if bar not in others:
                reasons["not asked at all"] += 1
            elif item not in others[bar]:
                reasons["item not asked"] += 1
            elif others[bar][item].score is None:
                reasons["call failed"] += 1
        found += [Unpaired(**bar._asdict(), run=run, items=count, reason=why) for why, count in reasons.items()]
    return found
