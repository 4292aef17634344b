import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.regression.linear_model import OLS
from statsmodels.stats.inter_rater import cohens_kappa, to_table

from doxa.stats.estimates import contrast, kappa, rate, separation, share
from doxa.stats.spread import Scored, spread

SCORES = st.lists(st.floats(0, 1), min_size=2, max_size=40)


def names(count: int) -> list[str]:
    return [str(number) for number in range(count)]


def test_a_contrast_with_single_item_clusters_is_nearly_the_paired_t_interval():
    rng = np.random.default_rng(0)
    treated, control = rng.random(60), rng.random(60)
    found = contrast(list(treated), list(control), names(60))
    wanted = stats.ttest_rel(treated, control).confidence_interval()
    assert found is not None
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high), abs=2e-3)
    assert found.value == pytest.approx((treated - control).mean())


def test_a_contrast_near_its_bound_leans_inwards():
    """Mistake: the t interval of +0.9 covered the truth in 90 % of studies, missing it below nine times of ten."""
    treated, control = [1.0] * 40, [0.0] * 36 + [1.0] * 4
    found = contrast(treated, control, names(40))
    wanted = stats.ttest_rel(treated, control).confidence_interval()
    assert found is not None
    assert found.low < wanted.low
    assert found.high < wanted.high


def test_the_error_is_the_cluster_robust_one_of_statsmodels():
    rng = np.random.default_rng(4)
    groups = np.sort(rng.integers(0, 12, 50))
    scores = rng.random(50) + 0.3 * rng.random(12)[groups]
    wanted = OLS(scores, np.ones(50)).fit(cov_type="cluster", cov_kwds={"groups": groups})
    found = spread(list(scores), [str(group) for group in groups])
    assert found.mean == pytest.approx(wanted.params[0])
    assert found.error == pytest.approx(wanted.bse[0])


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


def test_scores_that_differ_by_rounding_alone_do_not_vary():
    """Once 20 pairs of 0.7 against 0.6 had an error of 6e-18, and an interval of no width."""
    assert spread([0.7 - 0.6] * 19 + [0.1], names(20)).error == 0
    found = contrast([0.7] * 20, [0.6] * 19 + [0.3 + 0.3], names(20))
    assert found is not None
    assert (found.low, found.high) == pytest.approx((0.1 - 3 / 20, 0.1 + 3 / 20))


def test_nothing_to_count_gives_nothing():
    assert rate([], []) is None
    assert contrast([], [], []) is None
    with pytest.raises(ValueError, match="nothing"):
        share([], [])


def test_unequal_lists_are_refused():
    """Mistake: `zip` dropped all samples but the first."""
    with pytest.raises(ValueError, match="shorter"):
        contrast([1.0, 0.0], [1.0], names(2))
    with pytest.raises(ValueError, match="clusters"):
        rate([1.0, 0.0], names(1))


def test_auc_is_that_of_mann_whitney_and_kappa_that_of_statsmodels():
    rng = np.random.default_rng(5)
    genuine, performed = rng.integers(0, 5, 30).astype(float), rng.integers(0, 4, 20).astype(float)
    wanted = stats.mannwhitneyu(genuine, performed).statistic / (30 * 20)
    found = separation(Scored(list(genuine), names(30)), Scored(list(performed), [f"p{n}" for n in range(20)]))
    assert found is not None
    assert found.value == pytest.approx(wanted)
    assert found.low < wanted < found.high
    first, second = rng.integers(0, 3, 40), rng.integers(0, 3, 40)
    table, _ = to_table(np.stack([first, second], axis=1), bins=3)
    assert kappa([str(v) for v in first], [str(v) for v in second]) == pytest.approx(cohens_kappa(table).kappa)
    assert kappa(["a", "a"], ["a", "a"]) is None


def test_the_auc_of_yes_or_no_scores_on_the_same_items_is_as_sure_as_their_contrast():
    rng = np.random.default_rng(6)
    treated, control = (rng.random(40) < 0.7).astype(float), (rng.random(40) < 0.4).astype(float)
    clusters = [str(place // 2) for place in range(40)]
    apart = separation(Scored(list(treated), clusters), Scored(list(control), clusters))
    change = contrast(list(treated), list(control), clusters)
    assert apart is not None
    assert change is not None
    assert (apart.low, apart.high) == pytest.approx((0.5 + change.low / 2, 0.5 + change.high / 2))


def test_perfect_separation_is_not_certainty():
    clusters = names(30)
    found = separation(Scored([1.0] * 30, clusters), Scored([0.0] * 30, clusters))
    assert found is not None
    assert (found.low, found.value, found.high) == pytest.approx((0.9, 1, 1))
    alone = separation(Scored([1.0], ["a"]), Scored([0.0] * 30, clusters))
    assert alone is not None
    assert (alone.low, alone.high) == (0, 1)
    assert separation(Scored([], []), Scored([0.0], ["a"])) is None
