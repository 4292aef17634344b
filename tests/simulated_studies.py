"""Studies whose truth is known: stems with one to five items, whose answers depend on their stem as well."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.stats import norm

from doxa.stats.bootstrap import bootstrap_kappa
from doxa.stats.correction import corrected
from doxa.stats.estimates import Estimate, contrast, rate, separation
from doxa.stats.likeness import Compared, belief_likeness
from doxa.stats.seeds import seed_spread
from doxa.stats.spread import Scored

STEMS = 30
MOST_ITEMS = 5
SENSITIVITY, SPECIFICITY, GOLD_STEMS = 0.85, 0.9, 40
Random = np.random.Generator


class Case(NamedTuple):
    """One kind of interval in one setting.

    Attributes:
        interval: Which interval.
        setting: With which truth.
        truth: What the interval should cover.
        study: Simulates a study and returns its estimate.
    """

    interval: str
    setting: str
    truth: float
    study: Callable[[Random], Estimate | None]


def stems(rng: Random, count: int = STEMS) -> np.ndarray:
    """Returns the stem of every item of a bank."""
    return np.repeat(np.arange(count), rng.integers(1, MOST_ITEMS + 1, count))


def answers(rng: Random, at: np.ndarray, share: float, icc: float) -> list[float]:
    """Returns yes-or-no scores with a true rate and an intraclass correlation (beta-binomial)."""
    weight = (1 - icc) / icc
    rates = rng.beta(share * weight, (1 - share) * weight, at.max() + 1)
    return list((rng.random(len(at)) < rates[at]).astype(float))


def levels(rng: Random, at: np.ndarray, mean: float, icc: float) -> list[float]:
    """Returns normal scores with unit variance and an intraclass correlation."""
    own = rng.normal(0, (1 - icc) ** 0.5, len(at))
    return list(mean + rng.normal(0, icc**0.5, at.max() + 1)[at] + own)


def names(at: np.ndarray, prefix: str = "") -> list[str]:
    """Returns the stems as names."""
    return [f"{prefix}{stem}" for stem in at]


def covered(case: Case, studies: int, seed: int = 0) -> float:
    """Returns the share of simulated studies whose interval covers the truth."""
    rng = np.random.default_rng(seed)
    hits = 0
    for _ in range(studies):
        found = case.study(rng)
        assert found is not None
        hits += found.low - 1e-9 <= case.truth <= found.high + 1e-9
    return hits / studies


def widths(case: Case, studies: int, seed: int = 0) -> list[float]:
    """Returns the width of the interval of each simulated study, from the narrowest on."""
    rng = np.random.default_rng(seed)
    found = [case.study(rng) for _ in range(studies)]
    return sorted(one.high - one.low for one in found if one is not None)


def rates(share: float, icc: float) -> Case:
    def study(rng: Random) -> Estimate | None:
        at = stems(rng)
        return rate(answers(rng, at, share, icc), names(at))

    return Case("rate", f"{share:g}, icc {icc:g}", share, study)


def contrasts(control: float, treated: float, icc: float) -> Case:
    def study(rng: Random) -> Estimate | None:
        at = stems(rng)
        return contrast(answers(rng, at, treated, icc), answers(rng, at, control, icc), names(at))

    return Case("contrast", f"{control:g} to {treated:g}, icc {icc:g}", treated - control, study)


def separations(performed: float, genuine: float, icc: float, paired: bool) -> Case:
    """Yes-or-no scores, on the same items or on those of other facts."""

    def study(rng: Random) -> Estimate | None:
        ours = stems(rng)
        theirs = ours if paired else stems(rng)
        return separation(
            Scored(answers(rng, ours, genuine, icc), names(ours)),
            Scored(answers(rng, theirs, performed, icc), names(theirs, "" if paired else "other ")),
        )

    truth = 0.5 + (genuine - performed) / 2
    where = "same items" if paired else "other items"
    return Case("AUC", f"{performed:g} and {genuine:g}, icc {icc:g}, {where}", truth, study)


def levelled_separations(distance: float, icc: float) -> Case:
    """Scores of many levels, as likelihoods are, on items of different facts."""

    def study(rng: Random) -> Estimate | None:
        ours, theirs = stems(rng), stems(rng)
        return separation(
            Scored(levels(rng, ours, distance, icc), names(ours)),
            Scored(levels(rng, theirs, 0.0, icc), names(theirs, "other ")),
        )

    truth = float(norm.cdf(distance / 2**0.5))
    return Case("AUC", f"levels {distance:g} apart, icc {icc:g}", truth, study)


def kappas(agreement: float, icc: float) -> Case:
    """Two raters with two labels of equal frequency: kappa is twice the agreement minus one."""

    def study(rng: Random) -> Estimate | None:
        at = stems(rng)
        first = rng.random(len(at)) < 0.5
        same = np.array(answers(rng, at, agreement, icc)) == 1
        return bootstrap_kappa([str(label) for label in first], [str(label) for label in first == same], names(at))

    return Case("kappa, bootstrap", f"agreement {agreement:g}, icc {icc:g}", 2 * agreement - 1, study)


def likenesses(
    performed: float, finetuned: float, genuine: float, icc: float, metrics: int = 2, shared: bool = False
) -> Case:
    """Metrics with stems of their own, or all with items of the same stems, whose answers then hang together."""

    def study(rng: Random) -> Estimate | None:
        own, known = ([stems(rng)] * metrics if shared else [stems(rng) for _ in range(metrics)] for _ in range(2))
        scores = [
            _together(rng, at, share, icc) if shared else [answers(rng, one, share, icc) for one in at]
            for at, share in ((own, finetuned), (own, performed), (known, genuine))
        ]
        compared = {
            str(metric): Compared(
                after,
                acted,
                names(own[metric], "" if shared else f"{metric} "),
                Scored(knew, names(known[metric], "known " if shared else f"known {metric} ")),
            )
            for metric, (after, acted, knew) in enumerate(zip(*scores, strict=True))
        }
        return belief_likeness(compared).estimate

    position = (finetuned - performed) / (genuine - performed)
    setting = f"{performed:g}, {finetuned:g}, {genuine:g}, icc {icc:g}"
    return Case(
        "belief-likeness", setting + (f", {metrics} metrics on the same stems" if shared else ""), position, study
    )


def _together(rng: Random, at: list[np.ndarray], share: float, icc: float) -> list[list[float]]:
    """Returns scores of several metrics whose stems are the same, each stem with one rate for all of them."""
    scores = answers(rng, np.concatenate(at), share, icc)
    return [list(part) for part in np.split(np.array(scores), len(at))]


def nearly_unanimous(share: float, count: int = 40) -> Case:
    """Belief-likeness where acting never says the claim, what is known always, and the finetune nearly always."""

    def study(rng: Random) -> Estimate | None:
        at = np.arange(count)
        after = list((rng.random(count) < share).astype(float))
        known = Scored([1.0] * count, names(at, "known "))
        return belief_likeness({"one": Compared(after, [0.0] * count, names(at), known)}).estimate

    return Case("belief-likeness", f"0, {share:g}, 1, {count} single items", share, study)


def corrections(share: float, icc: float) -> Case:
    def study(rng: Random) -> Estimate | None:
        at, positive, negative = stems(rng), stems(rng, GOLD_STEMS), stems(rng, GOLD_STEMS)
        true = np.array(answers(rng, at, share, icc))
        seen = np.where(rng.random(len(at)) < np.where(true == 1, SENSITIVITY, 1 - SPECIFICITY), 1.0, 0.0)
        gold = [
            Scored(answers(rng, index, right, icc), names(index))
            for index, right in ((positive, SENSITIVITY), (negative, SPECIFICITY))
        ]
        found = corrected(Scored(list(seen), names(at)), *gold)
        return found and found.estimate

    return Case("corrected rate", f"{share:g}, icc {icc:g}", share, study)


def seeds(share: float, between: float, count: int, icc: float) -> Case:
    """Seeds whose true scores differ by a standard deviation, on items that all of them are asked."""

    def study(rng: Random) -> Estimate | None:
        at = stems(rng)
        weight = (1 - icc) / icc
        easy = rng.beta(share * weight, (1 - share) * weight, at.max() + 1)[at]
        shifts = rng.normal(0, between, count)
        scores = {
            str(seed): list((rng.random(len(at)) < np.clip(easy + shift, 0, 1)).astype(float))
            for seed, shift in enumerate(shifts)
        }
        found = seed_spread(scores, names(at))
        return found and found.estimate

    return Case("mean over seeds", f"{share:g}, {count} seeds, sd {between:g}, icc {icc:g}", share, study)


CASES: tuple[Case, ...] = (
    *(rates(share, icc) for icc in (0.1, 0.3) for share in (0.1, 0.3, 0.5, 0.9)),
    *(contrasts(*pair, icc) for icc in (0.1, 0.3) for pair in ((0.1, 0.1), (0.1, 0.3), (0.5, 0.5), (0.1, 0.9))),
    *(separations(*pair, 0.2, paired) for paired in (True, False) for pair in ((0.1, 0.1), (0.3, 0.5), (0.1, 0.9))),
    *(levelled_separations(distance, 0.3) for distance in (0.0, 1.0, 2.0)),
    *(kappas(agreement, 0.2) for agreement in (0.6, 0.8, 0.9)),
    *(likenesses(*three, 0.2) for three in ((0.1, 0.5, 0.9), (0.3, 0.3, 0.9), (0.1, 0.9, 0.9))),
    *(likenesses(0.1, 0.5, 0.9, icc, metrics=4, shared=True) for icc in (0.2, 0.5)),
    *(nearly_unanimous(share) for share in (0.9, 0.95, 0.98)),
    *(corrections(share, 0.2) for share in (0.1, 0.5, 0.9)),
    *(seeds(0.5, between, count, 0.2) for between in (0.0, 0.05, 0.15, 0.25) for count in (3, 5)),
)
