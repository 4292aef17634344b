import numpy as np
import pytest
from statsmodels.stats.power import TTestPower

from doxa.stats.estimates import contrast
from doxa.stats.power import clusters_of, items_needed, power
from simulated_studies import answers


def test_with_single_items_it_is_the_power_of_the_paired_t_test():
    spread = (0.2 * 0.8 + 0.4 * 0.6) ** 0.5
    wanted = TTestPower().power(effect_size=0.2 / spread, nobs=50, alpha=0.025, alternative="larger")
    assert power(50, 50, 0.0, 0.2, 0.2) == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize(
    ("items", "size", "icc", "baseline", "effect"),
    [(50, 1, 0.3, 0.2, 0.2), (100, 2, 0.3, 0.2, 0.2), (60, 3, 0.5, 0.1, 0.3), (50, 1, 0.3, 0.6, -0.25)],
)
def test_simulated_studies_find_what_it_says(items: int, size: int, icc: float, baseline: float, effect: float):
    rng = np.random.default_rng(0)
    at = np.repeat(np.arange(items // size), size)
    found = 0
    for _ in range(600):
        estimate = contrast(
            answers(rng, at, baseline + effect, icc), answers(rng, at, baseline, icc), [str(stem) for stem in at]
        )
        assert estimate is not None
        found += (estimate.low > 0) if effect > 0 else (estimate.high < 0)
    assert found / 600 == pytest.approx(power(items, items // size, icc, baseline, effect), abs=0.05)


def test_the_items_needed_reach_the_target_and_one_fewer_does_not():
    needed = items_needed(0.2, 0.2, 0.3, items_a_cluster=2.5)
    assert needed is not None
    assert power(needed, clusters_of(needed, 2.5), 0.3, 0.2, 0.2) >= 0.8
    assert power(needed - 1, clusters_of(needed - 1, 2.5), 0.3, 0.2, 0.2) < 0.8
    assert items_needed(0.2, 0.2, 0.3) < needed  # pyright: ignore[reportOptionalOperand]
    assert items_needed(0.0, 0.2, 0.3) is None


def test_certain_effects_need_few_items():
    assert power(50, 50, 0.0, 0.0, 1.0) == 1
    assert power(2, 2, 0.0, 0.0, 1.0) == 0
    assert power(50, 1, 0.0, 0.2, 0.2) == 0


@pytest.mark.parametrize("asked", [(10, 5, 0.1, 0.9, 0.2), (10, 5, 1.5, 0.1, 0.2), (10, 11, 0.1, 0.1, 0.2)])
def test_what_cannot_be_is_refused(asked: tuple[int, int, float, float, float]):
    with pytest.raises(ValueError, match="between"):
        power(*asked)
