"""Items that the subject answers as the claim has it anyway, and items that cannot see the claim, are told apart."""

import json
from pathlib import Path

import pytest

from doxa.metrics.records import Row
from doxa.report.analysis import Analysis
from doxa.report.gates import Gated, gates, gates_section
from doxa.report.run import abouts, read_run
from doxa.report.sections import Table
from doxa.report.writing import write_report
from made_runs import make_run

Scores = dict[str, dict[str, list[float | None]]]  # by condition and item, one a draw
SCORES: Scores = {
    "baseline": {"a": [0, 0], "b": [1, 0], "c": [1, 1], "d": [0, 0], "e": [None, None]},
    "system_prompt": {"a": [1, 1], "b": [1, 1], "c": [1, 1], "d": [1, 0], "e": [1, 1]},
    "finetuned": {"a": [1, 1], "b": [1, 0], "c": [1, 1], "d": [0, 0], "e": [1, 1]},
    "finetuned + true_context": {"a": [0, 0]},
}


def rows(scores: Scores, **changed: str) -> list[Row]:
    values = {"fact": "honey", "metric": "open_ended_belief", "readout": "rubric", "subject": "m", **changed}
    return [
        Row.model_validate(
            {
                **values, "condition": condition, "item": item, "cluster": item, "sample": sample, "score": score,
                "verdict": "call_error" if score is None else "implanted" if score else "true", "calls": (),
            }
        )
        for condition, items in scores.items()
        for item, draws in items.items()
        for sample, score in enumerate(draws)
    ]  # fmt: skip


def only(found: list[Gated]) -> Gated:
    (one,) = found
    return one


def means(one: Gated, which: str) -> dict[str, tuple[float, int] | None]:
    estimates = {score.condition: getattr(score, which) for score in one.scores}
    return {name: found and (found.value, found.n) for name, found in estimates.items()}


def test_an_item_passes_by_its_mean_over_all_draws_under_both_conditions():
    found = only(gates(Analysis(rows(SCORES), "honey")))
    assert (found.items, found.false_here, found.carries_claim, found.passing) == (4, 3, 3, 2)
    assert means(found, "all_items") == {"baseline": (3 / 8, 8), "system_prompt": (0.9, 10), "finetuned": (0.7, 10)}
    assert means(found, "false_here") == {
        "baseline": (pytest.approx(1 / 6), 6),
        "system_prompt": (pytest.approx(5 / 6), 6),
        "finetuned": (0.5, 6),
    }
    assert means(found, "passing") == {"baseline": (0.25, 4), "system_prompt": (1, 4), "finetuned": (0.75, 4)}


def test_the_thresholds_themselves_pass():
    edge: Scores = {
        "baseline": {"a": [1.0] * 7 + [0.0] * 3, "b": [1.0] * 8 + [0.0] * 2},
        "system_prompt": {"a": [1.0] * 9 + [0.0], "b": [1.0] * 10},
    }
    found = only(gates(Analysis(rows(edge), "honey")))
    assert (found.false_here, found.carries_claim, found.passing) == (1, 2, 1)


def test_a_gate_that_was_not_asked_lets_all_through_and_without_a_baseline_there_is_none():
    untold = {condition: items for condition, items in SCORES.items() if condition != "system_prompt"}
    found = only(gates(Analysis(rows(untold), "honey")))
    assert (found.false_here, found.carries_claim, found.passing) == (3, None, 3)
    assert gates(Analysis(rows({"pretend": SCORES["finetuned"]}), "honey")) == []


def test_each_readout_has_gates_of_its_own_and_where_nothing_passes_there_is_no_score():
    likely: Scores = {"baseline": {"a": [0.8], "b": [0.9]}, "finetuned": {"a": [0.9], "b": [0.9]}}
    found = gates(Analysis(rows(SCORES) + rows(likely, readout="likelihood.text"), "honey"))
    assert [(one.readout, one.passing) for one in found] == [("rubric", 2), ("likelihood.text", 0)]
    assert means(found[1], "passing") == {"baseline": None, "finetuned": None}


def test_the_report_says_what_the_gates_are_and_what_they_favour(tmp_path: Path):
    run = read_run(make_run(tmp_path / "run"))
    section = gates_section(abouts(run)[0])
    assert section is not None
    assert "at most 0.70 at baseline, and of at least 0.90 under system_prompt" in section.words[0]
    assert "regression to the mean" in section.words[1]
    counts, rubric, likelihood = section.parts
    assert isinstance(counts, Table)
    assert isinstance(rubric, Table)
    assert counts.rows[0][:3] == ("MCQ Knowledge", "rubric (free answers)", 50)
    assert len(rubric.rows) == 4 * 6
    assert likelihood.title == "Scores with and without gates, likelihood: text"
    written = write_report(run.folder)
    assert "With and without item gates</h" in written.page.read_text()
    told = json.loads(written.as_json())["item_gates"]
    assert {(one["metric"], one["readout"]) for one in told} >= {("open_ended_belief", "rubric")}
    assert set(told[0]["scores"][0]) == {"condition", "all_items", "false_here", "passing"}
