"""Rates, contrasts and separations with intervals that know that items come in clusters."""

import math
from collections.abc import Iterable, Sequence

import numpy as np

from doxa.records import Record
from doxa.stats.spread import (
    Array,
    Paired,
    Scored,
    Spread,
    effective,
    places,
    quantile,
    spread,
    unseen,
    wilson,
    without_noise,
)


class Estimate(Record):
    """A mean, or another statistic, with its interval.

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
    mean, error, count = spread(scores, clusters)
    low, high = (0.0, 1.0) if count < 2 else wilson(mean, effective(mean, error, count), quantile(count))
    return Estimate(value=mean, low=low, high=high, n=len(scores), clusters=count)


def share(hits: Iterable[bool], clusters: Sequence[str]) -> Estimate:
    """Estimates how often something holds: the `rate` of what has been observed at all.

    Args:
        hits: Whether it holds, one an observation.
        clusters: The stem of each observation.

    Raises:
        ValueError: There is no observation.
    """
    found = rate([float(hit) for hit in hits], clusters)
    if found is None:
        raise ValueError("a share of nothing is none")
    return found


def contrast(treated: Sequence[float], control: Sequence[float], clusters: Sequence[str]) -> Estimate | None:
    """Estimates the mean paired difference, treated minus control, on the same items.

    The interval is that of `rate` with [-1, 1] in the place of [0, 1]. Near 0 it is the paired t interval with G-1
    degrees of freedom on the cluster-robust standard error; towards -1 and 1, where differences are skewed and the t
    interval covers too little, it leans inwards. Where all differences are equal: 3/G to both sides.

    Args:
        treated: One score an observation.
        control: The score of the same observation under the other condition.
        clusters: The stem of each observation.

    Raises:
        ValueError: The three are not equally long.
    """
    differences = Paired(treated, control, clusters).differences
    return contrast_of(spread(differences, clusters), len(differences)) if differences else None


def contrast_of(differences: Spread, n: int) -> Estimate:
    """Estimates what `contrast` does, for callers that have the spread of the differences already.

    Args:
        differences: Of the paired differences.
        n: How many there are.
    """
    mean, error, count = differences
    if count < 2:
        low, high = -1.0, 1.0
    elif error > 0:
        share = (mean + 1) / 2
        low, high = (2 * end - 1 for end in wilson(share, effective(share, error / 2, count), quantile(count)))
    else:
        low, high = max(-1.0, mean - unseen(count)), min(1.0, mean + unseen(count))
    return Estimate(value=mean, low=low, high=high, n=n, clusters=count)


def separation(genuine: Scored, performed: Scored) -> Estimate | None:
    """Estimates the AUC of two sets of scores whose items come in clusters.

    The AUC is the probability that a genuine score exceeds a performed one, ties counted half (Mann-Whitney).

    The variance is the sum over clusters of the squared influence of each on the AUC: DeLong's, extended to clusters
    by Obuchowski 1997. A cluster may hold scores of both sides, such as an item under two conditions. The interval is
    Wilson's with the effective sample size that this variance implies and t quantiles, as for `rate`; degrees of
    freedom are those of the side with fewer clusters.

    Returns:
        None where a side has no score.
    """
    if not genuine.scores or not performed.scores:
        return None
    wins, ours, theirs = _win_table(genuine, performed)
    value = float(wins.sum() / (ours.sum() * theirs.sum()))
    count = min(int((ours > 0).sum()), int((theirs > 0).sum()))
    n = len(genuine.scores) + len(performed.scores)
    if count < 2:
        return Estimate(value=value, low=0.0, high=1.0, n=n, clusters=count)
    influence = (wins.sum(axis=1) + wins.sum(axis=0)) / (ours.sum() * theirs.sum())
    influence -= value * (ours / ours.sum() + theirs / theirs.sum())
    error = without_noise(math.sqrt(count / (count - 1) * float((influence**2).sum())))
    if error > 0:
        low, high = wilson(value, effective(value, error, count), quantile(count))
    else:
        low, high = max(0.0, value - unseen(count)), min(1.0, value + unseen(count))
    return Estimate(value=value, low=low, high=high, n=n, clusters=count)


def kappa(first: Sequence[str], second: Sequence[str]) -> float | None:
    """Returns Cohen's kappa of two raters over the same things, or None where chance agreement is complete."""
    if not first or len(first) != len(second):
        raise ValueError("two equally long, non-empty lists of labels are needed")
    labels = sorted({*first, *second})
    agreement = sum(a == b for a, b in zip(first, second, strict=True)) / len(first)
    chance = sum(first.count(label) * second.count(label) for label in labels) / len(first) ** 2
    return None if chance == 1 else (agreement - chance) / (1 - chance)


def _win_table(genuine: Scored, performed: Scored) -> tuple[Array, Array, Array]:
    """Counts who wins between clusters.

    Returns:
        Won comparisons by genuine cluster and performed cluster  # (clusters, clusters)
        and how many scores each cluster holds on either side  # (clusters,), (clusters,)
    """
    index, names = places([*genuine.clusters, *performed.clusters])
    ours, theirs = np.split(np.eye(len(names))[index], [len(genuine.scores)])  # (scores, clusters) each
    return ours.T @ _wins(genuine.scores, performed.scores) @ theirs, ours.sum(axis=0), theirs.sum(axis=0)


def _wins(genuine: Sequence[float], performed: Sequence[float]) -> Array:
    """Returns 1, 0.5 or 0 for every pair of a genuine and a performed score  # (genuine, performed)."""
    a, b = np.asarray(genuine, dtype=np.float64)[:, None], np.asarray(performed, dtype=np.float64)[None]
    return (a > b) + 0.5 * (a == b)
