"""How sure a mean is when its observations come in clusters: cluster-robust errors, t quantiles, Wilson's interval."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats as _stats

LEVEL = 0.95
NOISE = 1e-12  # scores go from 0 to 1: a spread below this is rounding, and what was observed does not vary
stats: Any = _stats  # scipy ships no types
Array = NDArray[np.float64]


class Scored(NamedTuple):
    """Scores of one thing under one condition, with the cluster of each.

    Attributes:
        scores: One an observation.
        clusters: The stem of each observation; equal names are one cluster wherever they stand.
    """

    scores: Sequence[float]
    clusters: Sequence[str]


class Paired(NamedTuple):
    """Scores of the same items with and without something.

    Attributes:
        treated: With it, one an observation.
        control: Without it, of the same observations.
        clusters: The stem of each.
    """

    treated: Sequence[float]
    control: Sequence[float]
    clusters: Sequence[str]

    def __add__(self, other: "Paired") -> "Paired":  # pyright: ignore[reportIncompatibleMethodOverride]
        """Pools two sets of pairs; equal clusters stay one."""
        return Paired(
            [*self.treated, *other.treated], [*self.control, *other.control], [*self.clusters, *other.clusters]
        )

    @property
    def differences(self) -> list[float]:
        """With it minus without it, of each observation."""
        return [treated - control for treated, control in zip(self.treated, self.control, strict=True)]


class Spread(NamedTuple):
    """A mean with its cluster-robust standard error.

    The error is infinite where there is one cluster only, and 0 where nothing varies but by rounding.
    """

    mean: float
    error: float
    clusters: int


def spread(values: Sequence[float], clusters: Sequence[str]) -> Spread:
    """Returns a mean with its cluster-robust standard error, G/(G-1) corrected (Liang & Zeger 1986).

    Raises:
        ValueError: Not every value has a cluster.
    """
    array: Array = np.asarray(values, dtype=np.float64)
    index, names = places(clusters)
    if len(clusters) != len(array):
        raise ValueError(f"{len(array)} values but {len(clusters)} clusters")
    mean = float(array.mean())
    sums = np.bincount(index, weights=array - mean, minlength=len(names))
    count = len(names)
    error = math.sqrt(count / (count - 1) * float((sums**2).sum())) / len(array) if count > 1 else math.inf
    return Spread(mean, without_noise(error), count)


def without_noise(error: float) -> float:
    """Returns a standard error of scores, or 0 where it is no more than rounding leaves."""
    return error if error > NOISE else 0.0


def places(clusters: Sequence[str]) -> tuple[NDArray[np.intp], list[str]]:
    """Returns the number of each observation's cluster, and the clusters' names in that order."""
    names = sorted(set(clusters))
    numbers = {name: place for place, name in enumerate(names)}
    return np.array([numbers[name] for name in clusters], dtype=np.intp), names


def quantile(clusters: int) -> float:
    """Returns the two-sided t quantile with G-1 degrees of freedom."""
    return float(stats.t.ppf(0.5 + LEVEL / 2, clusters - 1))


def unseen(clusters: int) -> float:
    """Returns what G clusters that all agree leave open.

    Where no cluster differs from the others the spread is unknown, not zero: the rule of three (Hanley & Lippman-Hand
    1983) excludes only what would have shown in one of G clusters with 95 % probability.
    """
    return 3 / clusters


def effective(mean: float, error: float, clusters: int) -> float:
    """Returns how many independent yes-or-no observations would leave a mean in [0, 1] as unsure as it is.

    With no variance left between clusters, the clusters themselves are what was observed.
    """
    variance = mean * (1 - mean)
    return variance / error**2 if error > 0 and variance > 0 else clusters


def wilson(mean: float, observations: float, critical: float) -> tuple[float, float]:
    """Returns Wilson's interval of a mean in [0, 1].

    Args:
        mean: The mean.
        observations: Independent observations behind it, see `effective`.
        critical: Quantile of the normal or t distribution.
    """
    share = critical**2 / observations
    centre = (mean + share / 2) / (1 + share)
    half = math.sqrt(share * mean * (1 - mean) + share**2 / 4) / (1 + share)
    return max(0.0, centre - half), min(1.0, centre + half)
