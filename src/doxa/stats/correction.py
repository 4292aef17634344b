"""Rates corrected for a judge that errs."""

import math

from doxa.records import Record
from doxa.stats.estimates import Estimate, rate
from doxa.stats.spread import Scored, effective, quantile, spread

PSEUDO = 2  # observations that Lang & Reiczigel add to sensitivity and specificity, half of them hits


class Corrected(Record):
    """A rate as a judge reported it, and as it is once the judge's errors are taken out.

    Attributes:
        observed: What the judge reported.
        sensitivity: Share of the positive gold answers that the judge calls positive.
        specificity: Share of the negative gold answers that the judge does not call positive.
        estimate: The corrected rate in [0, 1] with its interval.
        unclipped: The corrected rate before it is brought into [0, 1].
    """

    observed: Estimate
    sensitivity: Estimate
    specificity: Estimate
    estimate: Estimate
    unclipped: float


def corrected(observed: Scored, sensitivity: Scored, specificity: Scored) -> Corrected | None:
    """Corrects a rate for a judge's errors, with an interval that knows how well these errors are known.

    The rate is (observed + specificity - 1) / (sensitivity + specificity - 1) (Rogan & Gladen 1978), the interval that
    of Lang & Reiczigel 2014 with effective sample sizes in the place of sample sizes, since items come in clusters,
    and with the t quantile of the observed clusters in the place of the normal one.

    Args:
        observed: 1 for each answer that the judge called positive, 0 for any other.
        sensitivity: 1 for each positive gold answer that the judge called positive, 0 for any other.
        specificity: 1 for each negative gold answer that the judge did not call positive, 0 for any other.

    Returns:
        None where sensitivity + specificity <= 1 (the judge knows no more than chance, and nothing can be corrected),
        or where one of the three has no answer or a single cluster.
    """
    seen, hits, passes = rate(*observed), rate(*sensitivity), rate(*specificity)
    if seen is None or hits is None or passes is None or min(r.clusters for r in (seen, hits, passes)) < 2:
        return None
    if hits.value + passes.value <= 1:
        return None
    unclipped = (seen.value + passes.value - 1) / (hits.value + passes.value - 1)
    low, high = _limits(_size(observed), _size(sensitivity), _size(specificity), quantile(seen.clusters))
    value = min(1.0, max(0.0, unclipped))
    estimate = Estimate(value=value, low=min(low, value), high=max(high, value), n=seen.n, clusters=seen.clusters)
    return Corrected(observed=seen, sensitivity=hits, specificity=passes, estimate=estimate, unclipped=unclipped)


def _size(scored: Scored) -> tuple[float, float]:
    """Returns a rate and its effective sample size."""
    found = spread(*scored)
    return found.mean, effective(*found)


def _limits(
    observed: tuple[float, float], sensitivity: tuple[float, float], specificity: tuple[float, float], critical: float
) -> tuple[float, float]:
    """Returns the limits of Lang & Reiczigel 2014, each pair being a rate and its sample size."""
    seen, n_seen = _pulled(*observed, critical**2)
    hits, n_hits = _pulled(*sensitivity, PSEUDO)
    passes, n_passes = _pulled(*specificity, PSEUDO)
    youden = hits + passes - 1
    if youden <= 0:  # pulled towards a half, a judge hardly better than chance falls below it
        return 0.0, 1.0
    share = (seen + passes - 1) / youden
    of_hits, of_passes = hits * (1 - hits) / n_hits, passes * (1 - passes) / n_passes
    error = math.sqrt(seen * (1 - seen) / n_seen + of_hits * share**2 + of_passes * (1 - share) ** 2) / youden
    shift = 2 * critical**2 * (of_hits * share - of_passes * (1 - share))
    low, high = share + shift - critical * error, share + shift + critical * error
    return min(1.0, max(0.0, low)), min(1.0, max(0.0, high))


def _pulled(share: float, size: float, added: float) -> tuple[float, float]:
    """Returns a rate with observations added, half of them hits, and its new size (Agresti & Coull 1998)."""
    return (share * size + added / 2) / (size + added), size + added
