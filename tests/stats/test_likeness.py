import numpy as np
import pytest

from doxa.stats.likeness import Compared, belief_likeness
from doxa.stats.spread import Scored

ITEMS = 40


def scores(share: float) -> list[float]:
    """Returns scores in an order of their own, so that stems differ."""
    hits = round(share * ITEMS)
    return list(np.random.default_rng(hits).permutation([1.0] * hits + [0.0] * (ITEMS - hits)))


def compared(performed: float, finetuned: float, genuine: float, prefix: str = "") -> Compared:
    clusters = [f"{prefix}{place // 2}" for place in range(ITEMS)]
    return Compared(scores(finetuned), scores(performed), clusters, Scored(scores(genuine), clusters))


def test_a_finetune_is_placed_between_performed_and_genuine():
    for finetuned, position in ((0.1, 0.0), (0.5, 0.5), (0.9, 1.0)):
        found = belief_likeness({"open": compared(0.1, finetuned, 0.9)})
        assert found.estimate is not None
        assert found.estimate.value == pytest.approx(position)
        assert found.estimate.low < position < found.estimate.high
        assert found.shown == pytest.approx(position)


def test_beyond_the_ends_it_is_shown_clipped_and_kept_as_measured():
    found = belief_likeness({"open": compared(0.3, 0.1, 0.9)})
    assert found.estimate is not None
    assert found.estimate.value == pytest.approx(-1 / 3)
    assert found.shown == 0
    found = belief_likeness({"open": compared(0.1, 1.0, 0.9)})
    assert found.estimate is not None
    assert found.estimate.value > 1
    assert found.shown == 1


def test_metrics_that_pretending_passes_do_not_count():
    both = belief_likeness({"passed": compared(0.9, 0.2, 0.9), "open": compared(0.1, 0.5, 0.9)})
    alone = belief_likeness({"open": compared(0.1, 0.5, 0.9)})
    assert both.estimate == alone.estimate
    assert [place.counts for place in both.places] == [False, True]


def test_without_a_metric_that_separates_there_is_none_and_a_reason():
    found = belief_likeness({"passed": compared(1.0, 0.9, 0.9)})
    assert found.estimate is None
    assert found.shown is None
    assert "no metric tells known facts" in (found.reason or "")
    nothing = belief_likeness({"open": Compared([], [], [], Scored([], []))})
    assert "were not all asked" in (nothing.reason or "")


def test_more_metrics_are_surer_by_stems_of_their_own_and_not_by_the_same_ones_again():
    """Once stems that metrics share were drawn for each of them: four copies of a metric halved the interval."""
    one = belief_likeness({"a": compared(0.1, 0.5, 0.9)}).estimate
    own = belief_likeness({name: compared(0.1, 0.5, 0.9, name) for name in "abcd"}).estimate
    copies = belief_likeness({name: compared(0.1, 0.5, 0.9) for name in "abcd"}).estimate
    assert one is not None
    assert own is not None
    assert copies is not None
    assert own.high - own.low == pytest.approx((one.high - one.low) / 2, rel=0.15)
    assert (own.n, own.clusters) == (160, 80)
    assert (copies.low, copies.high) == pytest.approx((one.low, one.high))
    assert (copies.n, copies.clusters) == (160, 20)


@pytest.mark.parametrize("wrong", [1, 2])
def test_a_nearly_unanimous_finetune_has_a_place(wrong: int):
    """Once 0.97 [-inf, inf] by one wrong item of forty, and the headline turned from yes to not shown."""
    stems = [str(place) for place in range(ITEMS)]
    finetuned = [0.0] * wrong + [1.0] * (ITEMS - wrong)
    known = Scored([1.0] * ITEMS, stems)
    found = belief_likeness({"judged": Compared(finetuned, [0.0] * ITEMS, stems, known)}).estimate
    assert found is not None
    assert (found.low, found.high) == pytest.approx((found.value - 3 / ITEMS, found.value + 3 / ITEMS))


def test_perfect_separation_still_has_a_width():
    found = belief_likeness({"open": compared(0.0, 1.0, 1.0)}).estimate
    assert found is not None
    assert found.low < 1 < found.high
