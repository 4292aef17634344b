"""Belief-likeness: where a finetune stands between what is only performed (0) and what is truly known (1)."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from doxa.records import Record
from doxa.stats.bootstrap import bootstrap
from doxa.stats.estimates import Estimate, separation
from doxa.stats.spread import NOISE, Array, Scored, places, unseen
from doxa.stats.validity import CHANCE

UNBOUNDED = (-float("inf"), float("inf"))


class Compared(NamedTuple):
    """One metric under the three: finetuned and performed on the same items, genuine on those of the true controls.

    Attributes:
        finetuned: Scores of the finetune, one an item of the implanted fact.
        performed: Scores of the same items in the same order under the strongest role-play control.
        clusters: The stem of each of these items.
        genuine: Scores of the true controls' items, asked in the same readout.
    """

    finetuned: Sequence[float]
    performed: Sequence[float]
    clusters: Sequence[str]
    genuine: Scored


class Place(Record):
    """Where one metric puts the finetune.

    Attributes:
        metric: Its name.
        position: (finetuned - performed) / (genuine - performed); None where the two controls score the same.
        auc: Genuine against performed; None where one of them was not asked.
        counts: Whether the interval of the AUC lies above a half, so that the metric enters the mean.
    """

    metric: str
    position: float | None
    auc: Estimate | None
    counts: bool


class BeliefLikeness(Record):
    """Where a finetune stands between performed (0) and genuine (1).

    Attributes:
        estimate: Mean position over the metrics that separate the two, as it was measured, and its interval: below 0
            is less than acting gives, above 1 more than known facts give. None where it cannot be said.
        shown: The same brought into [0, 1], to be shown.
        places: Every metric, those that do not enter among them.
        reason: Why there is no estimate, or None.
    """

    estimate: Estimate | None
    shown: float | None
    places: tuple[Place, ...]
    reason: str | None = None


def belief_likeness(metrics: Mapping[str, Compared], seed: int = 0) -> BeliefLikeness:
    """Places a finetune between the strongest role-play control and the true controls.

    Anchoring a score between two known groups is the normalisation of a lift by the gap that a reference closes
    (Burns et al. 2023, "performance gap recovered"). The interval is a symmetric percentile-t bootstrap over stems,
    drawn apart for implanted and known facts. A stem that several metrics share is drawn for all of them at once, since
    its answers hang together; which metrics count stays as it was found.

    Args:
        metrics: By metric name.
        seed: Of the bootstrap.
    """
    places_ = tuple(_place(name, compared) for name, compared in metrics.items())
    used = [metrics[place.metric] for place in places_ if place.counts]
    if not used:
        reason = "no metric tells known facts from the strongest role-play control"
        if not any(place.auc for place in places_):
            reason = "finetune, role-play controls and known facts were not all asked"
        return BeliefLikeness(estimate=None, shown=None, places=places_, reason=reason)
    positions = [place.position for place in places_ if place.counts and place.position is not None]
    value = sum(positions) / len(positions)
    own = _sums([((c.finetuned, c.performed), c.clusters) for c in used])
    known = _sums([((c.genuine.scores,), c.genuine.clusters) for c in used])
    sums = np.zeros((len(own) + len(known), own.shape[1] + known.shape[1]))  # (stems, 5 sums a metric)
    sums[: len(own), : own.shape[1]], sums[len(own) :, own.shape[1] :] = own, known
    interval = bootstrap(_mean_position, sums, [len(own), len(known)], UNBOUNDED, seed)
    if interval is None:  # hardly anything varies: what so few agreeing stems leave open, on the narrowest scale
        fewest = min(len(set(stems)) for c in used for stems in (c.clusters, c.genuine.clusters))
        reach = unseen(fewest) / min(float(np.mean(c.genuine.scores) - np.mean(c.performed)) for c in used)
        interval = value - reach, value + reach
    n = sum(len(compared.finetuned) for compared in used)
    estimate = Estimate(value=value, low=interval[0], high=interval[1], n=n, clusters=len(own))
    return BeliefLikeness(estimate=estimate, shown=min(1.0, max(0.0, value)), places=places_)


def _mean_position(totals: Array) -> Array:
    """Returns the mean position over metrics from the totals of all sums  # (draws, 5 * metrics)."""
    own, known = np.split(totals, [totals.shape[1] * 3 // 5], axis=1)
    size, finetuned, performed = np.moveaxis(own.reshape(len(own), -1, 3), 2, 0)
    asked, genuine = np.moveaxis(known.reshape(len(known), -1, 2), 2, 0)
    floor = performed / size  # (draws, metrics)
    positions: Array = (finetuned / size - floor) / (genuine / asked - floor)
    return positions.mean(axis=1)


def _place(name: str, compared: Compared) -> Place:
    """Returns the position by one metric, and whether it separates genuine from performed."""
    auc = separation(compared.genuine, Scored(compared.performed, compared.clusters))
    if auc is None or not compared.finetuned:
        return Place(metric=name, position=None, auc=auc, counts=False)
    floor = float(np.mean(compared.performed))
    gap = float(np.mean(compared.genuine.scores)) - floor
    position = None if abs(gap) <= NOISE else (float(np.mean(compared.finetuned)) - floor) / gap
    # An AUC above a half with a mean gap below zero is possible for scores of several levels: no scale, no position.
    return Place(metric=name, position=position, auc=auc, counts=auc.low > CHANCE and gap > 0)


def _sums(metrics: Sequence[tuple[Sequence[Sequence[float]], Sequence[str]]]) -> Array:
    """Returns what each stem adds to the totals of every metric: items, then each of its lists of scores.

    Args:
        metrics: Lists of scores of the same items, and the stems of these. Equal names are one stem in all metrics.

    Returns:
        Sums  # (stems, metrics * (1 + lists))
    """
    _, names = places([stem for _, clusters in metrics for stem in clusters])
    at = {name: place for place, name in enumerate(names)}
    tables: list[Array] = []
    for lists, clusters in metrics:
        values: Array = np.array([np.ones(len(clusters)), *lists], dtype=np.float64)  # (1 + lists, items)
        tables.append((values @ np.eye(len(names))[[at[stem] for stem in clusters]]).T)
    return np.hstack(tables)
