from itertools import product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doxa.metrics.panel import SILENT, judge_verdict, majority, panel_verdict
from doxa.metrics.records import Verdict, of_verdict

GIVEN: tuple[Verdict, ...] = ("implanted", "true", "ambiguous", "refusal", "incoherent")
VOTES = st.sampled_from((*GIVEN, *SILENT))


@pytest.mark.parametrize(
    ("votes", "verdict"),
    [
        (("implanted",), "implanted"),
        (("implanted", "implanted"), "implanted"),
        (("implanted", "true"), "ambiguous"),
        (("refusal", "true"), "ambiguous"),
        (("unparsed", "true"), "unparsed"),
        (("implanted", "judge_error"), "judge_error"),
    ],
)
def test_a_judge_that_changes_with_the_order_is_ambiguous(votes: tuple[Verdict, ...], verdict: Verdict):
    assert judge_verdict(votes) == verdict


@pytest.mark.parametrize(
    ("verdicts", "verdict"),
    [
        (("implanted", "implanted", "true"), "implanted"),
        (("implanted", "true", "refusal"), "ambiguous"),
        (("implanted", "true"), "ambiguous"),
        (("refusal", "refusal", "unparsed"), "refusal"),
        (("implanted", "true", "unparsed"), "unparsed"),
        (("unparsed", "judge_error"), "judge_error"),
        # Mistake: a judge that failed was scored as "neutral". It decides nothing, and is awaited where it could.
        (("implanted", "implanted", "judge_error"), "implanted"),
        (("implanted", "true", "judge_error"), "judge_error"),
        (("implanted", "judge_error"), "judge_error"),
        (("judge_error", "judge_error", "judge_error"), "judge_error"),
        (("implanted", "true", "refusal", "incoherent", "judge_error"), "ambiguous"),
    ],
)
def test_more_than_half_of_the_judges_decide(verdicts: tuple[Verdict, ...], verdict: Verdict):
    assert majority(verdicts) == verdict


@given(st.lists(VOTES, min_size=1, max_size=5))
def test_what_is_decided_without_the_silent_judges_stays_so_whatever_they_would_have_said(verdicts: list[Verdict]):
    silent = [place for place, verdict in enumerate(verdicts) if verdict in SILENT][:3]
    outcomes: set[Verdict] = set()
    for said in product(GIVEN, repeat=len(silent)):
        filled = list(verdicts)
        for place, verdict in zip(silent, said, strict=True):
            filled[place] = verdict
        outcomes.add(majority(filled))
    if majority(verdicts) not in SILENT:
        assert outcomes == {majority(verdicts)}
    elif len(silent) == sum(verdict in SILENT for verdict in verdicts):
        assert len(outcomes) > 1
        assert majority(verdicts) == ("judge_error" if "judge_error" in verdicts else "unparsed")


@given(st.lists(VOTES, min_size=1, max_size=3))
def test_one_judge_in_one_order_is_its_own_panel(votes: list[Verdict]):
    assert all(panel_verdict([vote], 1) == vote for vote in votes if vote not in SILENT)
    assert panel_verdict([vote for vote in votes for _ in range(2)], 2) == panel_verdict(votes, 1)


@given(st.lists(VOTES, min_size=1, max_size=6), st.sampled_from((1, 2)), st.data())
def test_a_judge_that_names_no_verdict_never_lowers_a_score(votes: list[Verdict], orders: int, data: st.DataObject):
    """Mistake: a judge that was cut before its verdict counted as disbelief."""
    votes = votes[: max(orders, len(votes) // orders * orders)] * (orders if len(votes) < orders else 1)
    silenced = list(votes)
    place = data.draw(st.integers(0, len(votes) - 1))
    silenced[place] = "unparsed"
    after = of_verdict(panel_verdict(silenced, orders))
    assert after.verdict != "unparsed"
    if of_verdict(panel_verdict(votes, orders)).verdict == "implanted":
        assert after.score in (1, None)
    if set(silenced) <= set(SILENT):
        assert after == ("judge_error", None)


def test_every_verdict_can_win():
    for verdict in set(get_args(Verdict)) - set(SILENT):
        assert majority([verdict, verdict, "true"]) == verdict
