import numpy as np
import pytest

from doxa.stats.bootstrap import bootstrap, bootstrap_contrast, bootstrap_kappa, bootstrap_separation
from doxa.stats.estimates import contrast, separation
from doxa.stats.spread import Scored
from simulated_studies import answers, names, stems


def test_it_agrees_with_the_closed_form_where_there_is_one():
    rng = np.random.default_rng(0)
    at = stems(rng)
    treated, control, clusters = answers(rng, at, 0.7, 0.2), answers(rng, at, 0.4, 0.2), names(at)
    drawn, closed = bootstrap_contrast(treated, control, clusters), contrast(treated, control, clusters)
    assert drawn is not None
    assert closed is not None
    assert drawn.value == closed.value
    assert (drawn.n, drawn.clusters) == (closed.n, closed.clusters)
    assert (drawn.low, drawn.high) == pytest.approx((closed.low, closed.high), abs=0.03)
    sides = Scored(treated, clusters), Scored(control, clusters)
    drawn, closed = bootstrap_separation(*sides), separation(*sides)
    assert drawn is not None
    assert closed is not None
    assert drawn.value == pytest.approx(closed.value)
    assert (drawn.low, drawn.high) == pytest.approx((closed.low, closed.high), abs=0.03)


def test_the_same_seed_gives_the_same_interval_and_another_one_hardly_another():
    rng = np.random.default_rng(1)
    at = stems(rng)
    data = answers(rng, at, 0.7, 0.2), answers(rng, at, 0.4, 0.2), names(at)
    first, again, other = bootstrap_contrast(*data), bootstrap_contrast(*data), bootstrap_contrast(*data, seed=1)
    assert first is not None
    assert other is not None
    assert first == again != other
    assert (first.low, first.high) == pytest.approx((other.low, other.high), abs=0.03)


def test_copies_of_a_stem_add_no_confidence():
    scores, zeros = [0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 0.0], [0.0] * 8
    clusters = [str(stem) for stem in range(8)]
    honest = bootstrap_contrast(scores, zeros, clusters)
    copied = bootstrap_contrast(scores * 5, zeros * 5, clusters * 5)
    assert honest is not None
    assert copied is not None
    assert (copied.low, copied.high) == pytest.approx((honest.low, honest.high))


def test_strata_are_drawn_apart():
    """Every draw holds as many clusters of each stratum as there are."""
    seen: list[np.ndarray] = []

    def statistic(totals: np.ndarray) -> np.ndarray:
        seen.append(totals)
        return totals[:, :4] @ np.array([0.0, 1.0, 1.0, 0.0]) / totals[:, :4].sum(axis=1)

    assert bootstrap(statistic, np.eye(7), [4, 3], (0, 1)) is not None
    drawn = np.concatenate([totals[totals.sum(axis=1) == 7] for totals in seen])
    assert len(drawn) > 500
    assert np.all(drawn[:, :4].sum(axis=1) == 4)


def test_one_cluster_or_no_variation_says_nothing_of_the_spread():
    assert bootstrap(lambda totals: totals[:, 0], np.ones((1, 1)), [1], (0, 1)) is None
    found = bootstrap_contrast([1.0] * 30, [1.0] * 30, [str(n) for n in range(30)])
    assert found is not None
    assert (found.low, found.value, found.high) == pytest.approx((-0.1, 0, 0.1))
    alone = bootstrap_contrast([1.0, 0.0], [0.0, 0.0], ["a", "a"])
    assert alone is not None
    assert (alone.low, alone.high) == (-1, 1)


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
