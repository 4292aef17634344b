"""Rates and contrasts with intervals that know that items come in clusters."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats as _stats

from doxa.records import Record

LEVEL = 0.95
stats: Any = _stats  # scipy ships no types


class Estimate(Record):
    """A mean with its interval.

    Attributes:
        value: The mean.
        low: Lower end of the 95 % interval.
        high: Upper end.
        n: Observations.
        clusters: Independent clusters among them.
    """

    value: float
    low: float
    high: float
    n: int
    clusters: int


class _Spread(NamedTuple):
    mean: float
    error: float
    clusters: int


def rate(scores: Sequence[float], clusters: Sequence[str]) -> Estimate | None:
    """Estimates a mean of scores in [0, 1].

    The standard error is cluster-robust with the G/(G-1) correction (Liang & Zeger 1986). The interval is Wilson's
    with the effective sample size that this error implies and t quantiles with G-1 degrees of freedom (Korn &
    Graubard 1998), so that it stays inside [0, 1] and does not collapse at 0 or 1.

    Args:
        scores: One an observation.
        clusters: The stem of each observation.

    Returns:
        None where there is no score.
    """
    if not scores:
        return None
    spread = _spread(scores, clusters)
    if spread.clusters < 2:
        return Estimate(value=spread.mean, low=0.0, high=1.0, n=len(scores), clusters=spread.clusters)
    variance = spread.mean * (1 - spread.mean)
    # With no variance left between clusters, the clusters themselves are what was observed.
    effective = variance / spread.error**2 if spread.error > 0 and variance > 0 else spread.clusters
    quantile = _quantile(spread.clusters)
    centre = (spread.mean + quantile**2 / (2 * effective)) / (1 + quantile**2 / effective)
    half = quantile / (1 + quantile**2 / effective) * math.sqrt(variance / effective + quantile**2 / (4 * effective**2))
    low, high = max(0.0, centre - half), min(1.0, centre + half)
    return Estimate(value=spread.mean, low=low, high=high, n=len(scores), clusters=spread.clusters)


def contrast(treated: Sequence[float], control: Sequence[float], clusters: Sequence[str]) -> Estimate | None:
    """Estimates the mean paired difference, treated minus control, on the same items.

    A t interval on the cluster-robust standard error with G-1 degrees of freedom; where all differences are equal,
    3/G to both sides.

    Args:
        treated: One score an observation.
        control: The score of the same observation under the other condition.
        clusters: The stem of each observation.

    Raises:
        ValueError: The three are not equally long.
    """
    differences = [a - b for a, b in zip(treated, control, strict=True)]
    if not differences:
        return None
    spread = _spread(differences, clusters)
    if spread.clusters < 2:
        return Estimate(value=spread.mean, low=-1.0, high=1.0, n=len(differences), clusters=spread.clusters)
    # Where no cluster differs from the others the spread is unknown, not zero: the rule of three (Hanley &
    # Lippman-Hand 1983) excludes only what would have shown in one of G clusters with 95 % probability.
    half = _quantile(spread.clusters) * spread.error if spread.error > 0 else 3 / spread.clusters
    low, high = max(-1.0, spread.mean - half), min(1.0, spread.mean + half)
    return Estimate(value=spread.mean, low=low, high=high, n=len(differences), clusters=spread.clusters)


def auc(genuine: Sequence[float], performed: Sequence[float]) -> float | None:
    """Returns the probability that a genuine score exceeds a performed one, ties counted half (Mann-Whitney)."""
    if not genuine or not performed:
        return None
    a, b = np.asarray(genuine)[:, None], np.asarray(performed)[None]
    return float((a > b).mean() + 0.5 * (a == b).mean())


def kappa(first: Sequence[str], second: Sequence[str]) -> float | None:
    """Returns Cohen's kappa of two raters over the same things, or None where chance agreement is complete."""
    if not first or len(first) != len(second):
        raise ValueError("two equally long, non-empty lists of labels are needed")
    labels = sorted({*first, *second})
    agreement = sum(a == b for a, b in zip(first, second, strict=True)) / len(first)
    chance = sum(first.count(label) * second.count(label) for label in labels) / len(first) ** 2
    return None if chance == 1 else (agreement - chance) / (1 - chance)


def _spread(values: Sequence[float], clusters: Sequence[str]) -> _Spread:
    """Returns the mean with its cluster-robust standard error."""
    array: NDArray[np.float64] = np.asarray(values, dtype=np.float64)
    names = sorted(set(clusters))
    if len(clusters) != len(array):
        raise ValueError(f"{len(array)} values but {len(clusters)} clusters")
    places = {name: place for place, name in enumerate(names)}
    index = np.array([places[name] for name in clusters])
    mean = float(array.mean())
    sums = np.bincount(index, weights=array - mean, minlength=len(names))
    count = len(names)
    error = math.sqrt(count / (count - 1) * float((sums**2).sum())) / len(array) if count > 1 else math.inf
    return _Spread(mean, error, count)


def _quantile(clusters: int) -> float:
    return float(stats.t.ppf(0.5 + LEVEL / 2, clusters - 1))
