from collections.abc import Sequence

import numpy as np
import pytest

from doxa.stats.bootstrap import bootstrap, bootstrap_kappa
from doxa.stats.estimates import contrast
from doxa.stats.spread import places
from simulated_studies import answers, names, stems


def drawn(treated: Sequence[float], control: Sequence[float], clusters: Sequence[str], seed: int = 0):
    """Returns the drawn interval of a mean paired difference, for which there is a closed form as well."""
    index, _ = places(clusters)
    differences = [one - other for one, other in zip(treated, control, strict=True)]
    sums = np.stack([np.bincount(index, weights=differences), np.bincount(index)], axis=1)
    return bootstrap(lambda totals: totals[:, 0] / totals[:, 1], sums, [len(sums)], (-1, 1), seed)


def test_it_agrees_with_the_closed_form_where_there_is_one():
    rng = np.random.default_rng(0)
    at = stems(rng)
    treated, control, clusters = answers(rng, at, 0.7, 0.2), answers(rng, at, 0.4, 0.2), names(at)
    closed = contrast(treated, control, clusters)
    assert closed is not None
    assert drawn(treated, control, clusters) == pytest.approx((closed.low, closed.high), abs=0.03)


def test_the_same_seed_gives_the_same_interval_and_another_one_hardly_another():
    rng = np.random.default_rng(1)
    at = stems(rng)
    data = answers(rng, at, 0.7, 0.2), answers(rng, at, 0.4, 0.2), names(at)
    first, again, other = drawn(*data), drawn(*data), drawn(*data, seed=1)
    assert first == again != other
    assert first == pytest.approx(other, abs=0.03)


def test_copies_of_a_stem_add_no_confidence():
    scores, zeros = [0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 0.0], [0.0] * 8
    clusters = [str(stem) for stem in range(8)]
    honest = drawn(scores, zeros, clusters)
    assert honest is not None
    assert drawn(scores * 5, zeros * 5, clusters * 5) == pytest.approx(honest)


def test_strata_are_drawn_apart():
    """Every draw holds as many clusters of each stratum as there are."""
    seen: list[np.ndarray] = []

    def statistic(totals: np.ndarray) -> np.ndarray:
        seen.append(totals)
        return totals[:, :4] @ np.array([0.0, 0.2, 0.5, 1.0]) / totals[:, :4].sum(axis=1)

    assert bootstrap(statistic, np.eye(7), [4, 3], (0, 1)) is not None
    drawn = np.concatenate([totals[totals.sum(axis=1) == 7] for totals in seen])
    assert len(drawn) > 500
    assert np.all(drawn[:, :4].sum(axis=1) == 4)


def test_one_cluster_or_no_variation_says_nothing_of_the_spread():
    assert bootstrap(lambda totals: totals[:, 0], np.ones((1, 1)), [1], (0, 1)) is None
    clusters = [str(n) for n in range(30)]
    assert drawn([1.0] * 30, [1.0] * 30, clusters) is None
    assert drawn([0.7] * 30, [0.6] * 30, clusters) is None, "nothing varies but by rounding"


@pytest.mark.parametrize("odd", [1, 2])
def test_a_few_clusters_that_differ_give_no_infinite_interval(odd: int):
    """Once [-1, 1], and without bounds [-inf, inf]: more than 5 % of the draws held none of them."""
    first = ["a", "b"] * 20
    second = [*("b" if label == "a" else "a" for label in first[:odd]), *first[odd:]]
    clusters = [str(n) for n in range(40)]
    agreement = [float(one == other) for one, other in zip(first, second, strict=True)]
    assert drawn(agreement, [0.0] * 40, clusters) is None
    found = bootstrap_kappa(first, second, clusters)
    assert found is not None
    assert found.low == pytest.approx(found.value - 2 * 3 / 40)
    assert found.high == 1


def test_kappa_has_an_interval_and_none_where_chance_agreement_is_complete():
    first = ["a", "b"] * 20
    second = [*first[:30], *["a"] * 10]
    clusters = [str(place // 2) for place in range(40)]
    found = bootstrap_kappa(first, second, clusters)
    assert found is not None
    assert found.low < found.value < found.high <= 1
    assert found.clusters == 20
    assert bootstrap_kappa(["a"] * 4, ["a"] * 4, list("abcd")) is None
    perfect = bootstrap_kappa(first, first, clusters)
    assert perfect is not None
    # three of twenty pairs could still disagree, and by chance half of them would agree
    assert (perfect.low, perfect.value, perfect.high) == pytest.approx((1 - 2 * 3 / 20, 1, 1))
    with pytest.raises(ValueError, match="clusters"):
        bootstrap_kappa(first, second, ["a"])
