"""Several training seeds of one recipe: what another seed would change, apart from what other items would change."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from doxa.records import Record
from doxa.stats.estimates import Estimate, rate
from doxa.stats.spread import LEVEL, Array, effective, places, spread, stats, wilson, without_noise

ONE_SEED = "one training seed: what another seed would give is unknown"


class SeedSpread(Record):
    """A score over training seeds, all asked the same items.

    Attributes:
        by_seed: Each seed's own estimate; its interval is about items, not about seeds.
        between: Variance of the true scores of seeds, or None where there is one seed.
        within: Variance of a seed's measured score around its true score on these items (sampling of answers), or None
            where there is one seed.
        estimate: The mean over seeds, with an interval for other seeds and other items; for a single seed, its own.
        words: What was and was not seen.
    """

    by_seed: dict[str, Estimate]
    between: float | None
    within: float | None
    estimate: Estimate
    words: str


def seed_spread(scores: Mapping[str, Sequence[float]], clusters: Sequence[str]) -> SeedSpread | None:
    """Separates what training seeds add from what sampling answers adds, by the method of moments.

    Items are crossed with seeds, so an item that is easy for every seed says nothing about seeds. What is left of the
    scores without seed and item means, summed by cluster, gives the variance within a seed; what the seed means vary
    beyond it is the variance between seeds (a two-way random-effects analysis of variance, Searle, Casella & McCulloch
    1992, with clusters in the place of items). The interval is Wilson's, as for `rate`, on the error of items and that
    of seeds together. Its quantile is the mean of that of t with S-1 and with G-1 degrees of freedom, weighted by the
    two variances (Cochran 1964, Biometrics 20): Satterthwaite's degrees of freedom cover too little, since few seeds
    often show less variance than there is. Of two seeds that differ much it still covers too little, about 0.90.

    Args:
        scores: By seed, one an item in the same order.
        clusters: The stem of each item.

    Returns:
        None where there is no score.

    Raises:
        ValueError: The seeds were not asked the same number of items.
    """
    if not scores or not clusters:
        return None
    table: Array = np.array(list(scores.values()), dtype=np.float64)  # (seeds, items); uneven lists raise ValueError
    by_seed = {seed: estimate for seed, row in scores.items() if (estimate := rate(row, clusters)) is not None}
    seeds, items = table.shape
    alone = next(iter(by_seed.values()))
    if seeds == 1:
        return SeedSpread(by_seed=by_seed, between=None, within=None, estimate=alone, words=ONE_SEED)
    within = _within(table, clusters)
    varied = float(table.mean(axis=1).var(ddof=1))
    between = max(0.0, varied - within)
    mean, of_items, count = spread(list(table.mean(axis=0)), clusters)
    of_seeds = between / seeds
    error = without_noise(math.sqrt(of_seeds + of_items**2))
    low, high = 0.0, 1.0
    if count > 1:
        by_seeds, by_items = (float(stats.t.ppf(0.5 + LEVEL / 2, freedom)) for freedom in (seeds - 1, count - 1))
        share = of_seeds / error**2 if error > 0 else 0.0
        critical = share * by_seeds + (1 - share) * by_items
        low, high = wilson(mean, effective(mean, error, count), critical)
    words = (
        f"{seeds} training seeds: standard deviation {math.sqrt(between):.3f} between seeds, "
        f"{math.sqrt(within):.3f} by sampling answers"
    )
    estimate = Estimate(value=mean, low=low, high=high, n=seeds * items, clusters=count)
    return SeedSpread(by_seed=by_seed, between=between, within=within, estimate=estimate, words=words)


def _within(table: Array, clusters: Sequence[str]) -> float:
    """Returns the variance of a seed's mean that is left when seed and item means are taken out."""
    seeds, items = table.shape
    index, names = places(clusters)
    if len(names) < 2:
        return 0.0
    rest = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0, keepdims=True) + table.mean()
    sums = rest @ np.eye(len(names))[index]  # (seeds, clusters)
    return float((sums**2).sum()) * len(names) / (len(names) - 1) / (seeds - 1) / items**2
