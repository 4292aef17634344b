import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doxa.stats.correction import corrected
from doxa.stats.estimates import rate
from doxa.stats.spread import Scored


def scored(hits: int, of: int) -> Scored:
    return Scored([1.0] * hits + [0.0] * (of - hits), [str(place) for place in range(of)])


def test_a_judge_that_misses_and_invents_is_corrected():
    found = corrected(scored(30, 100), scored(90, 100), scored(80, 100))
    assert found is not None
    assert found.estimate.value == found.unclipped == pytest.approx((0.3 + 0.8 - 1) / (0.9 + 0.8 - 1))
    assert found.estimate.low < found.estimate.value < found.estimate.high
    assert found.observed.value == 0.3


def test_a_judge_no_better_than_chance_corrects_nothing():
    assert corrected(scored(30, 100), scored(50, 100), scored(50, 100)) is None
    assert corrected(scored(30, 100), scored(20, 100), scored(70, 100)) is None
    assert corrected(scored(30, 100), scored(0, 0), scored(70, 100)) is None


def test_a_perfect_judge_of_endless_gold_leaves_the_rate_alone():
    plain, found = rate(*scored(30, 100)), corrected(scored(30, 100), scored(20000, 20000), scored(20000, 20000))
    assert plain is not None
    assert found is not None
    assert found.estimate.value == pytest.approx(plain.value)
    # Agresti & Coull's interval in the place of Wilson's: hardly another
    assert (found.estimate.low, found.estimate.high) == pytest.approx((plain.low, plain.high), abs=0.01)


def test_less_gold_is_less_sure():
    much = corrected(scored(30, 100), scored(180, 200), scored(160, 200))
    little = corrected(scored(30, 100), scored(18, 20), scored(16, 20))
    assert much is not None
    assert little is not None
    assert little.estimate.high - little.estimate.low > 1.2 * (much.estimate.high - much.estimate.low)


def test_copies_in_the_gold_set_add_no_confidence():
    gold = scored(18, 20)
    copied = Scored(np.repeat(gold.scores, 5).tolist(), list(np.repeat(gold.clusters, 5)))
    once, often = (corrected(scored(30, 100), sensitivity, scored(16, 20)) for sensitivity in (gold, copied))
    assert once is not None
    assert often is not None
    assert (often.estimate.low, often.estimate.high) == pytest.approx((once.estimate.low, once.estimate.high))


COUNT = st.integers(2, 60).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of)))


@given(COUNT, COUNT, COUNT)
def test_what_is_corrected_lies_in_its_interval_and_in_the_unit(
    observed: tuple[int, int], sensitivity: tuple[int, int], specificity: tuple[int, int]
):
    found = corrected(scored(*observed), scored(*sensitivity), scored(*specificity))
    if found is None:
        assert sensitivity[0] / sensitivity[1] + specificity[0] / specificity[1] <= 1 + 1e-9
    else:
        assert 0 <= found.estimate.low <= found.estimate.value <= found.estimate.high <= 1
