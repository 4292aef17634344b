"""Runs side by side: the same items under the same conditions, paired. Asks no model."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from typing import NamedTuple

from doxa.errors import InputError
from doxa.metrics.records import MetricName, Readout, Row
from doxa.records import Record
from doxa.report.pairing import stem_of
from doxa.stats.estimates import Estimate, rate
from doxa.stats.families import Adjusted, family
from doxa.stats.seeds import SeedSpread, seed_spread
from doxa.stats.spread import Paired
from doxa.study.records import Study, finetuned, subject_key
from doxa.training.recipe import Recipe


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
    """One bar over runs that differ in the training seed only, on the items that all of them have."""

    spread: SeedSpread


class NotShared(OfBar):
    """Items of a bar that one of several runs lacks, and that are left out of all of them.

    Attributes:
        run: Name of the run that lacks them.
        items: How many.
        reason: Why it has none.
    """

    run: str
    items: int
    reason: str


class SeedComparison(Record):
    """Runs of one recipe over training seeds.

    Attributes:
        spreads: One a bar that all runs have.
        left_out: What not all of them have.
    """

    spreads: tuple[OverSeeds, ...]
    left_out: tuple[NotShared, ...]

    @property
    def personas(self) -> bool:
        """Whether there are several, so that bars are to be told apart by them."""
        return several_personas([*self.spreads, *self.left_out])


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


def over_seeds(runs: Mapping[str, Sequence[Row]]) -> SeedComparison:
    """Returns every bar over runs of one recipe that differ in the training seed, on the items that all runs have.

    Args:
        runs: Rows by the name of their run; see `check_seeds` for whether they are of one recipe.
    """
    bars = {name: _bars(rows) for name, rows in runs.items()}
    found: list[OverSeeds] = []
    left_out: list[NotShared] = []
    for bar in dict.fromkeys(bar for one in bars.values() for bar in one):
        asked = {item: of.cluster for one in bars.values() for item, of in one.get(bar, {}).items()}
        items = [item for item in asked if all(_score(one.get(bar, {}), item) is not None for one in bars.values())]
        scores = {name: _scores(one.get(bar, {}), items) for name, one in bars.items()}
        spread = seed_spread(scores, [asked[item] for item in items])
        if spread is not None:
            found.append(OverSeeds(**bar._asdict(), spread=spread))
        for name, one in bars.items():
            reasons = _lacking(bar, asked, one)
            left_out += [NotShared(**bar._asdict(), run=name, items=of, reason=why) for why, of in reasons.items()]
    return SeedComparison(spreads=tuple(found), left_out=tuple(left_out))


def check_seeds(studies: Mapping[str, Study]) -> None:
    """Makes sure that runs are finetunes of one recipe with a training seed each.

    Of adapters that were trained elsewhere the recipe is not known here; that they are different ones is all that is
    asked of them.

    Args:
        studies: By the name of their run, as noted in its folder.

    Raises:
        InputError: Nothing was trained, something else than the seed differs, or two runs have one seed or one adapter.
    """
    (first, ours), *others = studies.items()
    if not ours.arms_trained:
        raise InputError(f"--seeds: {first} asks no finetuned subject, so that there is no training seed")
    for name, study in others:
        one, other = _recipe(ours), _recipe(study)
        if fields := [field for field in one if one[field] != other[field]]:
            raise InputError(f"--seeds: {first} and {name} differ in more than the training seed: {', '.join(fields)}")
    seen: dict[object, str] = {}
    for name, study in studies.items():
        trained_with = [study.made_with.get(subject_key(finetuned(arm))) for arm in study.arms_trained]
        for what, known in (("training seed", _seeds(study)), ("adapter", tuple(filter(None, trained_with)))):
            if known and (what, known) in seen:
                raise InputError(f"--seeds: {seen[what, known]} and {name} have the same {what}; one of them is enough")
            seen[what, known] = name


def _recipe(study: Study) -> dict[str, object]:
    """Returns everything that runs over training seeds have in common."""
    fields: dict[str, object] = study.model_dump(exclude={"name", "seed", "adapter", "made_with", "training", "arms"})
    arms = {name: (arm.corpus, arm.mixture, _unseeded(arm.training)) for name, arm in study.arms.items()}
    return {**fields, "training": _unseeded(study.training), "arms": arms}


def _unseeded(recipe: Recipe | None) -> object:
    return recipe and recipe.model_copy(update={"seed": 0})


def _seeds(study: Study) -> tuple[int, ...]:
    """Returns the seed of the study and those of every training; none where adapters come from elsewhere."""
    recipes = [study.arm(arm).training for arm in study.arms_trained]
    return (study.seed, *(recipe.seed for recipe in recipes if recipe)) if all(recipes) else ()


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
    return [
        Unpaired(**bar._asdict(), run=run, items=count, reason=why)
        for bar, asked in bars.items()
        for why, count in _lacking(bar, asked, others).items()
    ]


def _lacking(bar: Bar, items: Iterable[str], bars: _Bars) -> Counter[str]:
    """Returns how many items of a bar a run lacks, by the reason."""
    reasons: Counter[str] = Counter()
    for item in items:
        if bar not in bars:
            reasons["not asked at all"] += 1
        elif item not in bars[bar]:
            reasons["item not asked"] += 1
        elif bars[bar][item].score is None:
            reasons["call failed"] += 1
    return reasons
