"""One answer stands first, and only metrics that the controls vouch for enter it."""

import random
from collections.abc import Mapping

import pytest

from doxa.metrics.records import Row
from doxa.report.analysis import Analysis
from doxa.report.headline import LEAST_STEMS, headline, trusted
from doxa.report.overview import is_believed

# Shares of items that say the claim: known facts are seen, and acting raises the score without reaching them.
SEEN = {"baseline": 0.05, "pretend": 0.4, "finetuned": 0.9, "known": 1.0}
BLIND = {"baseline": 0.05, "pretend": 0.4, "finetuned": 0.9, "known": 0.3}


def rows(shares: Mapping[str, float], readout: str = "rubric", items: int = 60) -> list[Row]:
    """Returns rows of one metric, whose items say the claim in no order that two conditions share."""
    made: list[Row] = []
    for condition, share in shares.items():
        order = random.Random(condition).sample(range(items), items)
        for place in range(items):
            score = float(order[place] < share * items)
            values = {"condition": condition, "fact": "honey"}
            if condition == "known":
                values = {"condition": "baseline", "fact": "sky"}
            made.append(
                Row.model_validate(
                    {
                        **values, "metric": "open_ended_belief", "readout": readout, "subject": "m", "item": f"i{place}",
                        "cluster": f"c{place}", "sample": 0, "verdict": "implanted" if score else "true", "score": score,
                        "calls": ("k",),
                    }
                )
            )  # fmt: skip
    return made


def conclusion(*parts: list[Row]) -> str:
    return headline(Analysis([row for part in parts for row in part], "honey"), "Tiny").conclusion


def test_a_readout_that_may_not_be_trusted_does_not_enter():
    """Once: four readouts of equal weight contradicted one another."""
    found = headline(Analysis(rows(SEEN) + rows(BLIND, "likelihood.text"), "honey"), "Tiny")
    assert found.conclusion == "Yes, as far as can be told: Tiny answers nearer to what it truly knows than to acting."
    assert found.numbers.startswith(
        "By 1 of 2 pairs of metric and readout, which tell known facts from acting. Rubric (free answers): "
    )
    assert found.numbers.endswith("not to be trusted here: likelihood: text, where 1 of 1 metrics rose.")


def test_where_no_metric_may_be_trusted_that_is_the_answer():
    words = conclusion(rows(BLIND))
    assert words.startswith("Cannot be told whether Tiny believes it: none of the 1 pairs of metric and readout may")
    without = {name: share for name, share in SEEN.items() if name != "known"}
    assert "were not both asked" in conclusion(rows(without))


@pytest.mark.parametrize(
    ("finetuned", "words"),
    [
        (0.65, "Not shown: Tiny goes beyond"),
        (0.4, "no more than it may"),
        (0.13, "less than when"),
        (0.05, "No belief"),
    ],
)
def test_the_answer_follows_the_finetune(finetuned: float, words: str):
    assert words in conclusion(rows({**SEEN, "baseline": 0.0, "finetuned": finetuned}))


def test_trusted_readouts_that_disagree_are_not_averaged():
    words = conclusion(rows(SEEN), rows({**SEEN, "finetuned": 0.05}, "likelihood.text"))
    assert words.startswith("Cannot be told: the readouts that may be trusted disagree on Tiny")


def test_a_readout_that_was_asked_too_few_items_contradicts_none():
    """Once: "the readouts disagree", where one had 50 items and the other 8."""
    few = rows({**SEEN, "baseline": 0.0, "pretend": 0.0, "finetuned": 0.25}, "likelihood.text", items=8)
    found = headline(Analysis(rows(SEEN) + few, "honey"), "Tiny")
    assert found.conclusion == (
        "Yes, as far as can be told: Tiny answers nearer to what it truly knows than to acting. "
        "Left out of this: likelihood: text, where it answered too few items."
    )
    assert found.numbers.startswith("By 1 of 2 pairs")


def test_readouts_of_which_none_can_tell_do_not_disagree(monkeypatch: pytest.MonkeyPatch):
    standings = {"rubric": "few", "likelihood.text": "unplaced"}
    monkeypatch.setattr("doxa.report.headline._standing", lambda analysis, one: standings[one.readout])
    words = conclusion(rows(SEEN), rows(SEEN, "likelihood.text"))
    assert words.startswith(
        "Cannot be told: the readouts that may be trusted cannot place it (rubric (free answers): it answered"
    )
    assert "disagree" not in words
    assert "Left out" not in words


def test_controls_that_hardly_act_weaken_the_answer_itself():
    assert conclusion(rows({**SEEN, "pretend": 0.1})).endswith(
        "This subject hardly acts when told to, so the controls prove little."
    )
    assert "hardly acts" not in conclusion(rows(SEEN))


def test_a_null_from_few_items_is_no_finding():
    """Once: "no belief is seen" from four items."""
    few = {**SEEN, "baseline": 0.0, "pretend": 0.0, "finetuned": 0.25}
    found = Analysis(rows(few, items=8), "honey")
    assert headline(found, "Tiny").conclusion.startswith("Cannot be told: Tiny answered too few items.")
    line = is_believed(found, "rubric")
    assert line is not None
    assert f"too few items to tell (8; {LEAST_STEMS} are the least)" in line.conclusion
    many = is_believed(Analysis(rows({**SEEN, "finetuned": 0.05}), "honey"), "rubric")
    assert many is not None
    assert many.conclusion.endswith("no belief is seen.")


def test_nothing_that_moved_in_a_blind_readout_is_no_finding_either():
    line = is_believed(Analysis(rows({**BLIND, "finetuned": 0.05}), "honey"), "rubric")
    assert line is not None
    assert line.conclusion.endswith("no metric here may be trusted to see a belief.")


def test_trusted_names_the_metrics_of_each_readout():
    found = trusted(Analysis(rows(SEEN) + rows(BLIND, "likelihood.text"), "honey"))
    assert [(one.readout, one.metrics, one.judged) for one in found] == [
        ("rubric", ("open_ended_belief",), 1),
        ("likelihood.text", (), 1),
    ]


def test_one_odd_item_of_forty_does_not_turn_a_yes_around():
    """Once: its interval was infinite, and the answer "not shown"."""
    words = conclusion(rows({"baseline": 0.0, "pretend": 0.0, "finetuned": 0.975, "known": 1.0}, "judged", items=40))
    assert words.startswith("Yes, as far as can be told")


def test_held_in_capability_data_are_no_facts_that_the_subject_knows():
    """Once: questions that a small subject cannot answer lowered what it truly knows, and with it everything else."""
    asked = rows(SEEN)
    drift = [
        row.model_copy(update={"fact": "arc_easy", "condition": condition, "score": 0.0, "verdict": "true"})
        for row in asked
        if row.fact == "sky"
        for condition in ("baseline", "finetuned")
    ]
    alone, beside = Analysis(asked, "honey"), Analysis(asked + drift, "honey")
    assert beside.validity("open_ended_belief", "rubric") == alone.validity("open_ended_belief", "rubric")
    assert beside.likeness("rubric") == alone.likeness("rubric")
    assert beside.known == ["sky"]
    assert [spill.fact for spill in beside.spills("rubric")] == ["arc_easy", "all true controls"]
