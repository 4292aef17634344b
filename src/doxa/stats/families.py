"""Several contrasts that answer one question: p values adjusted for how many were tried."""

import math
from collections.abc import Mapping, Sequence

from doxa.records import Record
from doxa.stats.estimates import Estimate, contrast_of
from doxa.stats.spread import LEVEL, Paired, Spread, spread, stats, unseen

PROCEDURE = "Holm 1979"


class Adjusted(Record):
    """One contrast of a family.

    Attributes:
        name: Which contrast.
        estimate: The contrast; its interval is not adjusted.
        p: Of no difference, by itself.
        adjusted: The same, adjusted for the size of the family: no difference at all in the family is called one with
            more than 5 % probability where this is below 0.05.
    """

    name: str
    estimate: Estimate
    p: float
    adjusted: float


class Family(Record):
    """Contrasts that answer one question together.

    Attributes:
        name: The question.
        size: How many contrasts were tried, which is what the adjustment is for.
        procedure: Of the adjustment.
        contrasts: In the order given.
    """

    name: str
    size: int
    procedure: str
    contrasts: tuple[Adjusted, ...]

    @property
    def found(self) -> tuple[Adjusted, ...]:
        """The contrasts that hold after adjustment."""
        return tuple(one for one in self.contrasts if one.adjusted < 1 - LEVEL)


def family(name: str, contrasts: Mapping[str, Paired]) -> Family:
    """Estimates every contrast of a family and adjusts its p values (Holm 1979); those without a pair are left out."""
    found: list[tuple[str, Estimate, float]] = []
    for which, pairs in contrasts.items():
        if differences := pairs.differences:
            seen = spread(differences, pairs.clusters)
            found.append((which, contrast_of(seen, len(differences)), p_value(seen)))
    adjusted = holm([p for _, _, p in found])
    members = [
        Adjusted(name=which, estimate=estimate, p=p, adjusted=held)
        for (which, estimate, p), held in zip(found, adjusted, strict=True)
    ]
    return Family(name=name, size=len(members), procedure=PROCEDURE, contrasts=tuple(members))


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusts p values so that the chance of any false finding among them stays at its level (Holm 1979).

    Args:
        p_values: One a test, in any order.

    Returns:
        The adjusted values in the same order.
    """
    adjusted = [0.0] * len(p_values)
    so_far = 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        so_far = max(so_far, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = so_far
    return adjusted


def p_value(differences: Spread) -> float:
    """Returns the two-sided p value of no paired difference; 1 where there is one cluster only.

    A t test with G-1 degrees of freedom on the cluster-robust error. Where all differences are equal, the rule of
    three in reverse: the chance that G clusters agree on a difference that is not there.
    """
    mean, error, count = differences
    if count < 2:
        return 1.0
    if error == 0:
        return math.exp(-abs(mean) / unseen(count) * -math.log(1 - LEVEL))
    return float(2 * stats.t.sf(abs(mean) / error, count - 1))
