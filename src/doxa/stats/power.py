"""How many items a paired contrast needs, and how likely so many items are to show it."""

import math

from doxa.stats.spread import LEVEL, quantile, stats, unseen

TARGET = 0.80
MOST_ITEMS = 1_000_000  # beyond it an effect is called out of reach


def power(items: int, clusters: int, icc: float, baseline: float, effect: float) -> float:
    """Returns the probability that the interval of a contrast lies wholly on the effect's side of zero.

    Two yes-or-no answers an item, one under each condition. The variance of the difference is the sum of the two
    answers' (no credit for pairing: an item that is easy under both conditions makes the true power higher), inflated
    by 1 + (items a cluster - 1) * icc (Kish 1965); the test is t with G-1 degrees of freedom (noncentral t).

    Args:
        items: Pairs.
        clusters: Stems among them, of about the same size.
        icc: Intraclass correlation of the differences within a stem: 0 where variants of a stem say no more about one
            another than other items do, 1 where they are copies.
        baseline: Rate under the control condition.
        effect: Rate under the treatment minus baseline.

    Raises:
        ValueError: A rate or the correlation lies outside [0, 1], or clusters outside 1 to items.
    """
    if not (0 <= baseline <= 1 and 0 <= baseline + effect <= 1):
        raise ValueError(f"baseline {baseline:g} and baseline + effect {baseline + effect:g} must lie between 0 and 1")
    if not 0 <= icc <= 1:
        raise ValueError(f"icc {icc:g} must lie between 0 and 1")
    if not 1 <= clusters <= items:
        raise ValueError(f"clusters ({clusters}) must lie between 1 and the items ({items})")
    if clusters < 2 or effect == 0:
        return 0.0 if clusters < 2 else (1 - LEVEL) / 2
    treated = baseline + effect
    variance = baseline * (1 - baseline) + treated * (1 - treated)
    if variance == 0:
        return float(abs(effect) > unseen(clusters))
    inflated = variance * (1 + (items / clusters - 1) * icc) / items
    return float(stats.nct.sf(quantile(clusters), clusters - 1, abs(effect) / math.sqrt(inflated)))


def items_needed(
    effect: float, baseline: float, icc: float, items_a_cluster: float = 1.0, target: float = TARGET
) -> int | None:
    """Returns the fewest items that show an effect with at least the target probability.

    Args:
        effect: See `power`.
        baseline: See `power`.
        icc: See `power`.
        items_a_cluster: Mean number of items that share a stem.
        target: Probability.

    Returns:
        None where even a million would not do.

    Raises:
        ValueError: See `power`.
    """

    def enough(items: int) -> bool:
        return power(items, clusters_of(items, items_a_cluster), icc, baseline, effect) >= target

    most = 2
    while not enough(most):
        most *= 2
        if most > MOST_ITEMS:
            return None
    least = most // 2
    while most - least > 1:
        middle = (least + most) // 2
        least, most = (least, middle) if enough(middle) else (middle, most)
    return most


def clusters_of(items: int, items_a_cluster: float) -> int:
    """Returns how many stems so many items have, at least one."""
    return max(1, round(items / items_a_cluster))
