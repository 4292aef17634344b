"""The pace: quick to find what a provider bears, quick to give way."""

from hypothesis import given
from hypothesis import strategies as st

from doxa.models.pacing import LONGEST_WAIT, PATIENCE, Pace, wait_before


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_successes_double_the_calls_each_round_up_to_the_most():
    pace = Pace(100, Clock())
    seen = []
    for _ in range(4):
        seen.append(pace.at_once)
        for _ in range(pace.at_once):
            pace.succeeded()
    assert seen == [16, 32, 64, 100]


def test_a_rate_limit_cuts_once_pauses_for_all_and_then_grows_slowly():
    clock = Clock()
    pace = Pace(64, clock)
    for _ in range(64):
        pace.succeeded()
    for _ in range(10):  # calls that were sent together meet the limit together
        pace.limited(3.0)
    assert pace.at_once == 44
    assert pace.pause() == 3.0
    clock.now = 3.0
    assert pace.pause() == 0
    for _ in range(44):
        pace.succeeded()
    assert pace.at_once == 45  # one more a round, not one more a success


@given(st.lists(st.one_of(st.none(), st.floats(0, 100)), max_size=200), st.integers(1, 500))
def test_there_is_always_room_for_one_call_and_never_for_more_than_the_most(events: list[float | None], most: int):
    clock = Clock()
    pace = Pace(most, clock)
    for event in events:
        pace.succeeded() if event is None else pace.limited(event)
        clock.now += 1.0
        assert 1 <= pace.at_once <= most


@given(st.integers(1, 5000), st.one_of(st.none(), st.floats(0, 1000)), st.floats(0, 1))
def test_a_wait_is_bounded_and_never_shorter_than_asked_for(attempt: int, asked: float | None, jitter: float):
    wait = wait_before(attempt, asked, jitter)
    assert (asked or 0) <= wait <= max(LONGEST_WAIT, asked or 0)


def test_rate_limits_are_waited_out_as_long_as_somebody_is_answered():
    clock = Clock()
    pace = Pace(8, clock)
    for _ in range(3):
        pace.limited(None)
        assert pace.patient()
        clock.now += PATIENCE * 0.9
        pace.succeeded()
    pace.limited(None)
    clock.now += PATIENCE / 2
    pace.limited(None)
    assert pace.patient()
    clock.now += PATIENCE / 2
    pace.limited(None)
    assert not pace.patient(), "not one answer in all that time"
    pace.begin()
    pace.limited(None)
    assert pace.patient(), "the calls of a later stage may be luckier"
