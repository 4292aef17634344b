import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doxa.facts.loading import load_fact
from doxa.metrics.catalogue import METRICS
from doxa.metrics.likelihood import cyclic_orders, letter_prompts, read_letters, read_texts
from doxa.models.protocol import Scores

LOGPROBS = st.floats(-20, 0)


def test_cyclic_orders_put_every_option_in_every_place_once():
    for count in (2, 4):
        orders = cyclic_orders(count)
        for place in range(count):
            assert sorted(order[place] for order in orders) == list(range(count))


@given(st.lists(LOGPROBS, min_size=4, max_size=4), st.integers(0, 3))
def test_a_pure_letter_bias_cancels(bias: list[float], claim: int):
    """Mistake: a judge or subject that always sees one slot first; here the preference for a place averages out."""
    scores = [Scores(logprobs=tuple(bias), tokens=(1,) * 4)] * 4
    read = read_letters(scores, claim, (claim + 1) % 4)
    assert read.score == pytest.approx(0.25)
    assert read.verdict == "ambiguous", "no preference is no belief"


def test_a_real_preference_survives_all_orders():
    scores = [
        Scores(logprobs=tuple(-0.1 if option == 2 else -3.0 for option in order), tokens=(1,) * 4)
        for order in cyclic_orders(4)
    ]
    assert read_letters(scores, claim=2, rival=0).verdict == "implanted"
    assert read_letters(scores, claim=0, rival=2).verdict == "true"
    assert read_letters(scores, claim=0, rival=1).verdict == "ambiguous"


def test_long_answers_are_not_punished_for_their_length():
    scores = Scores(logprobs=(-10.0, -6.0), tokens=(10, 3))
    assert read_texts(scores, [0], [1]).verdict == "implanted"


def test_pmi_takes_away_what_surface_form_alone_makes_probable():
    after = Scores(logprobs=(-2.0, -1.0), tokens=(1, 1))
    without = Scores(logprobs=(-6.0, -1.0), tokens=(1, 1))
    assert read_texts(after, [0], [1]).verdict == "true"
    assert read_texts(after, [0], [1], without).verdict == "implanted"


@given(st.lists(LOGPROBS, min_size=6, max_size=6))
def test_the_sides_are_mirror_images(logprobs: list[float]):
    scores = Scores(logprobs=tuple(logprobs), tokens=(2,) * 6)
    mirrored = Scores(logprobs=tuple(logprobs[3:] + logprobs[:3]), tokens=(2,) * 6)
    one, other = (read_texts(side, range(3), range(3, 6)).score for side in (scores, mirrored))
    assert one + other == pytest.approx(1)
    assert not math.isnan(one)


def test_every_shipped_item_gives_prompts_that_its_metric_can_read():
    fact = load_fact("honey")
    for name, items in fact.banks.items():
        for item in items:
            prompts = METRICS[name].prompts(item, "likelihood")
            scores = [
                Scores(logprobs=(-1.0,) * len(p.continuations), tokens=(1,) * len(p.continuations)) for p in prompts
            ]
            readings = METRICS[name].read_scores(item, scores)
            assert all(0 < reading.score < 1 for reading in readings.values())
            assert "None" in item.model_dump_json() or not any("None" in prompt.question for prompt in prompts)


def test_letter_prompts_show_the_options_in_the_order_that_is_read():
    prompts = letter_prompts("Which?", ["w", "x", "y", "z"])
    assert [prompt.question.splitlines()[1] for prompt in prompts] == ["A) w", "A) x", "A) y", "A) z"]
