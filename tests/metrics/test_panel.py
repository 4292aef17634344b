from itertools import product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doxa.metrics.panel import judge_verdict, majority, panel_verdict
from doxa.metrics.records import Verdict

GIVEN: tuple[Verdict, ...] = ("implanted", "true", "ambiguous", "refusal", "incoherent", "unparsed")
VOTES = st.sampled_from((*GIVEN, "judge_error"))


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
def test_what_is_decided_without_the_failed_judges_stays_so_whatever_they_would_have_said(verdicts: list[Verdict]):
    failed = [place for place, verdict in enumerate(verdicts) if verdict == "judge_error"][:3]
    outcomes: set[Verdict] = set()
    for said in product(GIVEN, repeat=len(failed)):
        filled = list(verdicts)
        for place, verdict in zip(failed, said, strict=True):
            filled[place] = verdict
        outcomes.add(majority(filled))
    if majority(verdicts) != "judge_error":
        assert outcomes == {majority(verdicts)}
    elif len(failed) == verdicts.count("judge_error"):
        assert len(outcomes) > 1


@given(st.lists(VOTES, min_size=1, max_size=3))
def test_one_judge_in_one_order_is_its_own_panel(votes: list[Verdict]):
    assert all(panel_verdict([vote], 1) == vote for vote in votes)
    assert panel_verdict([vote for vote in votes for _ in range(2)], 2) == majority(votes)


def test_every_verdict_can_win():
    for verdict in set(get_args(Verdict)) - {"judge_error"}:
        assert majority([verdict, verdict, "true"]) == verdict
