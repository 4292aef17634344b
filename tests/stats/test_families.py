import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from doxa.stats.estimates import contrast
from doxa.stats.families import family, holm, p_value
from doxa.stats.spread import Paired, Spread, spread


@settings(max_examples=8)  # statsmodels collects garbage at every call: half a second late in a long session
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_is_that_of_statsmodels(p_values: list[float]):
    assert holm(p_values) == pytest.approx(list(multipletests(p_values, method="holm")[1]))


def test_the_p_value_of_single_items_is_the_paired_t_test():
    rng = np.random.default_rng(0)
    treated, control = rng.random(30) + 0.1, rng.random(30)
    found = p_value(spread(list(treated - control), [str(n) for n in range(30)]))
    assert found == pytest.approx(stats.ttest_rel(treated, control).pvalue)


def test_agreement_of_all_stems_is_evidence_that_grows_with_their_number():
    few, many = (p_value(spread([1.0] * n, [str(k) for k in range(n)])) for n in (2, 30))
    assert few > 0.05
    assert many < 0.001
    assert p_value(spread([0.0, 0.0], ["a", "b"])) == 1
    assert p_value(spread([1.0, 1.0], ["a", "a"])) == 1


def test_a_difference_that_varies_by_rounding_alone_is_as_sure_as_stems_that_agree():
    """Once p = 5e-297."""
    stems = [str(n) for n in range(20)]
    found = family("one", {"even": Paired([0.7] * 20, [0.6] * 19 + [0.3 + 0.3], stems)})
    assert found.contrasts[0].p == pytest.approx(p_value(Spread(0.1, 0.0, 20)))
    assert found.contrasts[0].p > 0.1


def test_a_family_carries_its_name_and_size_and_is_stricter_than_its_members():
    clusters = [str(n) for n in range(40)]
    zeros = [0.0] * 40
    even = Paired([1.0] * 10 + [0.0] * 30, [0.0] * 30 + [1.0] * 10, clusters)
    lucky = Paired([1.0] * 6 + [0.0] * 34, zeros, clusters)
    real = Paired([1.0] * 36 + [0.0] * 4, zeros, clusters)
    tried = {
        **{str(number): even for number in range(18)},
        "lucky": lucky,
        "real": real,
        "not asked": Paired([], [], []),
    }
    found = family("twenty metrics", tried)
    assert (found.name, found.size, found.procedure) == ("twenty metrics", 20, "Holm 1979")
    assert [one.name for one in found.contrasts if one.p < 0.05] == ["lucky", "real"]
    assert [one.name for one in found.found] == ["real"]
    assert all(one.adjusted >= one.p for one in found.contrasts)
    assert [one.estimate for one in found.contrasts[-2:]] == [contrast(*lucky), contrast(*real)]


def test_a_family_takes_as_many_scores_on_either_side():
    with pytest.raises(ValueError, match="zip"):
        family("uneven", {"one": Paired([1.0, 0.0], [1.0], ["a", "b"])})
