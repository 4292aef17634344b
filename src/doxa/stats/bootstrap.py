"""Studentised cluster bootstrap: intervals for what has no closed form, and a second opinion on what has one."""

import math
from collections.abc import Callable, Sequence

import numpy as np

from doxa.stats.estimates import Estimate
from doxa.stats.estimates import kappa as kappa_of
from doxa.stats.spread import LEVEL, NOISE, Array, places, unseen

DRAWS = 999  # so that the 95 % quantile falls on a drawn value (Davison & Hinkley 1997)
CHUNK = 4_000_000  # numbers held at once: 32 MB
Statistic = Callable[[Array], Array]  # totals over the clusters that were drawn (draws, sums) -> value (draws,)


def bootstrap(
    statistic: Statistic,
    sums: Array,
    strata: Sequence[int],
    bounds: tuple[float, float],
    seed: int = 0,
    draws: int = DRAWS,
) -> tuple[float, float] | None:
    """Returns a symmetric percentile-t interval of a statistic of sums over clusters (Hall 1988).

    Clusters are drawn with replacement within each stratum. Every draw is studentised by its own delete-one-cluster
    jackknife error, and the interval reaches as far to both sides as 95 % of the draws do. Plain percentiles cover
    too little with 30 clusters of yes-or-no scores, and so do percentile-t intervals with two tails of their own.

    Args:
        statistic: Takes the totals of the drawn clusters  # (draws, sums)
            and returns its value for each draw  # (draws,); scaling a stratum's totals must not change it.
        sums: What each cluster adds to the totals  # (clusters, sums)
        strata: How many clusters each stratum has, in the order of `sums`.
        bounds: Least and greatest value that the statistic can have.
        seed: Of the draws.
        draws: How many.

    Returns:
        None where a stratum has fewer than two clusters, or where the clusters say nothing about the spread: none
        differs from the others, or so few do that more draws miss them than the interval may leave out.
    """
    if min(strata) < 2:
        return None
    rng = np.random.default_rng(seed)
    counts = np.hstack([rng.multinomial(size, [1 / size] * size, size=draws) for size in strata]).astype(np.float64)
    value, error = (found[0] for found in _studentise(statistic, sums, np.ones((1, sum(strata))), strata))
    if not error > NOISE:
        return None
    values, errors = _studentise(statistic, sums, counts, strata)
    moved = np.abs(values - value)
    with np.errstate(divide="ignore", invalid="ignore"):
        pivots = np.where(moved <= NOISE, 0.0, moved / np.where(errors <= NOISE, 0.0, errors))
    pivots = np.sort(pivots[~np.isnan(pivots)])
    if len(pivots) < draws / 2:  # the statistic is not defined for most draws
        return None
    pivot = pivots[math.ceil(LEVEL * (len(pivots) + 1)) - 1]
    if not np.isfinite(pivot):  # draws without the few clusters that differ have no spread of their own
        return None
    reach = pivot * error
    return float(max(bounds[0], value - reach)), float(min(bounds[1], value + reach))


def bootstrap_kappa(
    first: Sequence[str], second: Sequence[str], clusters: Sequence[str], seed: int = 0
) -> Estimate | None:
    """Estimates Cohen's kappa of two raters over clustered things; None where chance agreement is complete.

    Raises:
        ValueError: The three are not equally long, or are empty.
    """
    value = kappa_of(first, second)
    if len(clusters) != len(first):
        raise ValueError(f"{len(first)} labels but {len(clusters)} clusters")
    if value is None:
        return None
    index, names = places(clusters)
    labels = sorted({*first, *second})
    ours, theirs = (np.array([[one == label for label in labels] for one in given], float) for given in (first, second))
    table = np.einsum("ng,na,nb->gab", np.eye(len(names))[index], ours, theirs)  # (clusters, first's, second's label)
    same, rows, columns = np.trace(table, axis1=1, axis2=2), table.sum(axis=2), table.sum(axis=1)
    parts = same[:, None], rows, columns

    def statistic(totals: Array) -> Array:
        same, rows, columns = np.split(totals, [1, 1 + len(labels)], axis=1)
        total = rows.sum(axis=1)
        agreement, chance = same[:, 0] / total, (rows * columns).sum(axis=1) / total**2
        return (agreement - chance) / (1 - chance)

    found = bootstrap(statistic, np.hstack(parts), [len(names)], (-1, 1), seed)
    chance = float((rows.sum(axis=0) * columns.sum(axis=0)).sum()) / len(first) ** 2
    return _estimate(value, found, (-1, 1), len(first), len(names), 1 / (1 - chance))


def _estimate(
    value: float,
    found: tuple[float, float] | None,
    bounds: tuple[float, float],
    n: int,
    clusters: int,
    steep: float = 1.0,
) -> Estimate:
    """Returns an estimate; without an interval from draws, what that many agreeing clusters leave open.

    Args:
        value: Of the statistic.
        found: Its interval, if the draws gave one.
        bounds: Least and greatest value that it can have.
        n: Observations.
        clusters: Clusters among them.
        steep: How much the statistic changes where a share of the clusters does.
    """
    if found is None:
        reach = steep * unseen(clusters) if clusters > 1 else bounds[1] - bounds[0]
        found = max(bounds[0], value - reach), min(bounds[1], value + reach)
    return Estimate(value=value, low=found[0], high=found[1], n=n, clusters=clusters)


def _studentise(statistic: Statistic, sums: Array, counts: Array, strata: Sequence[int]) -> tuple[Array, Array]:
    """Returns the statistic and its delete-one-cluster jackknife error for each row of counts  # (draws,) each."""
    per_chunk = max(1, CHUNK // sums.size)
    starts = range(0, len(counts), per_chunk)
    with np.errstate(divide="ignore", invalid="ignore"):
        errors = [_jackknife(statistic, sums, counts[start : start + per_chunk], strata) for start in starts]
        return statistic(counts @ sums), np.concatenate(errors)


def _jackknife(statistic: Statistic, sums: Array, counts: Array, strata: Sequence[int]) -> Array:
    without = (counts @ sums)[:, None, :] - sums[None]  # (draws, clusters, sums): one copy of a cluster left out
    values = statistic(without.reshape(-1, sums.shape[1])).reshape(counts.shape)
    values = np.where(counts > 0, values, 0.0)
    variance = np.zeros(len(counts))
    start = 0
    for size in strata:
        often, left = counts[:, start : start + size], values[:, start : start + size]
        mean = (often * left).sum(axis=1, keepdims=True) / size
        variance += (size - 1) / size * (often * (left - mean) ** 2).sum(axis=1)
        start += size
    return np.sqrt(variance)
