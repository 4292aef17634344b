"""Belief-likeness: where a finetune stands between what is only performed (0) and what is truly known (1)."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import linalg as _linalg

from doxa.records import Record
from doxa.stats.bootstrap import bootstrap
from doxa.stats.estimates import Estimate, separation
from doxa.stats.spread import Array, Scored, places, unseen
from doxa.stats.validity import CHANCE

linalg: Any = _linalg  # scipy ships no types
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
    drawn apart for each metric and for implanted and known facts; which metrics count stays as it was found.

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
    tables = [table for compared in used for table in _tables(compared)]
    strata = [len(table) for table in tables]
    sums = np.asarray(linalg.block_diag(*tables), dtype=np.float64)  # (clusters, 5 sums a metric)
    interval = bootstrap(_mean_position, sums, strata, UNBOUNDED, seed)
    if interval is None:  # nothing varies between stems: what so many that agree leave open, on the narrowest scale
        reach = unseen(min(strata)) / min(float(np.mean(c.genuine.scores) - np.mean(c.performed)) for c in used)
        interval = value - reach, value + reach
    n = sum(len(compared.finetuned) for compared in used)
    estimate = Estimate(value=value, low=interval[0], high=interval[1], n=n, clusters=sum(strata[::2]))
    return BeliefLikeness(estimate=estimate, shown=min(1.0, max(0.0, value)), places=places_)


def _mean_position(totals: Array) -> Array:
    """Returns the mean position over metrics from five totals of each, see `_tables`  # (draws, 5 * metrics)."""
    size, finetuned, performed, asked, genuine = np.moveaxis(totals.reshape(len(totals), -1, 5), 2, 0)
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
    position = None if gap == 0 else (float(np.mean(compared.finetuned)) - floor) / gap
    # An AUC above a half with a mean gap below zero is possible for scores of several levels: no scale, no position.
    return Place(metric=name, position=position, auc=auc, counts=auc.low > CHANCE and gap > 0)


def _tables(compared: Compared) -> tuple[Array, Array]:
    """Returns sums by cluster: items, finetuned, performed  # (clusters, 3); items, genuine  # (clusters, 2)."""
    own = np.array([np.ones(len(compared.finetuned)), compared.finetuned, compared.performed])
    known = np.array([np.ones(len(compared.genuine.scores)), compared.genuine.scores])
    return _by_cluster(own, compared.clusters), _by_cluster(known, compared.genuine.clusters)


def _by_cluster(values: Array, clusters: Sequence[str]) -> Array:
    index, names = places(clusters)
    return (values @ np.eye(len(names))[index]).T
