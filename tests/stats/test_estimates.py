import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from doxa.stats.estimates import auc, contrast, kappa, rate

SCORES = st.lists(st.floats(0, 1), min_size=2, max_size=40)


def names(count: int) -> list[str]:
    return [str(number) for number in range(count)]


def test_a_contrast_with_single_item_clusters_is_the_paired_t_interval():
    rng = np.random.default_rng(0)
    treated, control = rng.random(30), rng.random(30)
    found = contrast(list(treated), list(control), names(30))
    wanted = stats.ttest_rel(treated, control).confidence_interval()
    assert found is not None
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high))
    assert found.value == pytest.approx((treated - control).mean())


def test_copies_of_a_stem_add_no_confidence():
    """Mistake: 40 MCQs from 8 stems inflated n fivefold."""
    scores = [0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 0.0]
    honest = rate(scores, names(8))
    copied = rate([score for score in scores for _ in range(5)], [name for name in names(8) for _ in range(5)])
    assert honest is not None
    assert copied is not None
    assert (copied.n, copied.clusters) == (40, 8)
    assert (copied.low, copied.high) == pytest.approx((honest.low, honest.high))


@given(SCORES)
def test_a_rate_lies_in_its_interval_and_the_interval_in_the_unit(scores: list[float]):
    found = rate(scores, names(len(scores)))
    assert found is not None
    assert 0 <= found.low <= found.value + 1e-9
    assert found.value - 1e-9 <= found.high <= 1


def test_even_scores_have_a_narrow_interval():
    rng = np.random.default_rng(2)
    scores = list(0.5 + 0.02 * rng.standard_normal(40))
    found = rate(scores, names(40))
    wanted = stats.ttest_1samp(scores, 0.5).confidence_interval()
    assert found is not None
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high), abs=1e-3)


def test_all_or_nothing_still_has_a_width():
    for value in (0.0, 1.0):
        found = rate([value] * 50, names(50))
        assert found is not None
        assert found.value == value
        assert 0.03 < found.high - found.low < 0.15


@given(SCORES)
def test_a_contrast_is_antisymmetric(scores: list[float]):
    other = scores[::-1]
    forth, back = contrast(scores, other, names(len(scores))), contrast(other, scores, names(len(scores)))
    assert forth is not None
    assert back is not None
    assert forth.value == pytest.approx(-back.value, abs=1e-12)
    assert forth.low == pytest.approx(-back.high, abs=1e-9)


def test_intervals_of_clustered_rates_cover_what_they_promise():
    """Simulated studies: 45 stems, some with two items, item scores that share their stem's rate."""
    rng = np.random.default_rng(1)
    covered, studies = 0, 600
    for _ in range(studies):
        stems = rng.beta(2, 2, size=45)
        clusters = [*range(45), *range(5)]
        scores = [float(rng.random() < stems[stem]) for stem in clusters]
        found = rate(scores, [str(stem) for stem in clusters])
        assert found is not None
        covered += found.low <= 0.5 <= found.high
    assert 0.93 <= covered / studies <= 0.975


def test_no_change_is_not_certainty():
    found = contrast([1.0] * 30, [1.0] * 30, names(30))
    assert found is not None
    assert (found.low, found.value, found.high) == (-0.1, 0, 0.1)


def test_nothing_to_count_gives_nothing():
    assert rate([], []) is None
    assert contrast([], [], []) is None
    assert auc([], [1.0]) is None


def test_unequal_lists_are_refused():
    """Mistake: `zip` dropped all samples but the first."""
    with pytest.raises(ValueError, match="shorter"):
        contrast([1.0, 0.0], [1.0], names(2))
    with pytest.raises(ValueError, match="clusters"):
        rate([1.0, 0.0], names(1))


def test_auc_and_kappa():
    assert auc([1, 1, 0], [0, 0, 0]) == pytest.approx(5 / 6)
    assert kappa(["a", "b", "a", "b"], ["a", "b", "a", "b"]) == 1
    assert kappa(["a", "b", "a", "b"], ["a", "a", "b", "b"]) == 0
    assert kappa(["a", "a"], ["a", "a"]) is None
