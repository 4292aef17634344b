import numpy as np
import pandas as pd
import pytest
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from doxa.stats.seeds import ONE_SEED, seed_spread


def test_components_are_those_of_a_two_way_analysis_of_variance():
    rng = np.random.default_rng(0)
    table = np.clip(0.5 + rng.normal(0, 0.1, (4, 1)) + rng.normal(0, 0.2, (1, 25)) + rng.normal(0, 0.1, (4, 25)), 0, 1)
    found = seed_spread({str(seed): list(row) for seed, row in enumerate(table)}, [str(n) for n in range(25)])
    frame = pd.DataFrame(
        [(seed, item, score) for seed, row in enumerate(table) for item, score in enumerate(row)],
        columns=["seed", "item", "score"],
    )
    squares = anova_lm(ols("score ~ C(seed) + C(item)", frame).fit())["mean_sq"]
    assert found is not None
    assert found.within == pytest.approx(squares["Residual"] / 25)
    assert found.between == pytest.approx((squares["C(seed)"] - squares["Residual"]) / 25)


def test_a_single_seed_is_labelled_as_one():
    found = seed_spread({"0": [1.0, 0.0, 1.0]}, list("abc"))
    assert found is not None
    assert (found.between, found.within) == (None, None)
    assert found.words == ONE_SEED
    assert found.estimate == found.by_seed["0"]


def test_items_that_are_hard_for_every_seed_are_no_seed_variance():
    row = [1.0, 0.0, 0.0, 1.0, 1.0, 0.0]
    found = seed_spread({"0": row, "1": row, "2": row}, list("abcdef"))
    assert found is not None
    assert (found.between, found.within) == (0, 0)
    assert found.estimate.high - found.estimate.low > 0.4, "six items are still six items"


def test_seeds_that_differ_widen_the_interval():
    rng = np.random.default_rng(1)
    clusters = [str(n) for n in range(50)]

    def width(shares: tuple[float, ...]) -> float:
        scores = {str(n): list((rng.random(50) < share).astype(float)) for n, share in enumerate(shares)}
        found = seed_spread(scores, clusters)
        assert found is not None
        return found.estimate.high - found.estimate.low

    assert width((0.2, 0.5, 0.8)) > 2 * width((0.5, 0.5, 0.5))


def test_nothing_asked_gives_nothing_and_uneven_seeds_are_refused():
    assert seed_spread({}, []) is None
    assert seed_spread({"0": []}, []) is None
    with pytest.raises(ValueError, match="inhomogeneous"):
        seed_spread({"0": [1.0, 0.0], "1": [1.0]}, list("ab"))
