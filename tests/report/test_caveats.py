"""What decides how far a report can be leant on stands at its top, and only where it applies."""

from collections.abc import Callable
from pathlib import Path

import pytest

from doxa.facts.loading import load_fact
from doxa.metrics.records import Row
from doxa.report.analysis import Analysis
from doxa.report.caveats import caveats, cut_apart, no_preference
from doxa.report.run import About, Run, read_run
from made_runs import make_run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return read_run(make_run(tmp_path_factory.mktemp("caveats") / "run"))


def said(run: Run, changed: Callable[[Row], Row]) -> list[str]:
    rows = [changed(row) if row.readout == "rubric" else row for row in run.rows]
    found = About(run, run.facts.implanted[0], Analysis(rows, "honey"))
    return [f"{line.conclusion} {line.numbers}" for line in caveats(found)]


def scored(row: Row, score: float) -> Row:
    return row.model_copy(update={"score": score})


def test_a_subject_that_acts_and_knows_gets_no_caveat(run: Run):
    assert said(run, lambda row: row) == []


def test_a_subject_that_hardly_acts_is_said_to(run: Run):
    told = ("system_prompt", "few_shot(1, misconceptions)", "few_shot(10, egregious)", "pretend")
    (line,) = said(run, lambda row: scored(row, 0.0) if row.condition in told else row)
    assert line.startswith("This subject hardly acts when told to, so the controls prove little.")
    assert "rubric (free answers), 4 of 4 metrics" in line
    assert "likelihood" not in line


def test_a_readout_that_does_not_see_true_facts_is_said_to_measure_poorly(run: Run):
    (line,) = said(run, lambda row: scored(row, 0.0) if row.fact != "honey" else row)
    assert line.startswith("This subject does not say the true facts either")
    assert "Rubric (free answers), 4 of 4 metrics: known facts score 0.00, less often said than not" in line


def test_a_claim_that_is_said_at_baseline_is_not_false_for_this_subject(run: Run):
    """Where a metric may be trusted; where it tells nothing from acting its baseline says nothing either."""

    def half(row: Row) -> Row:
        said = row.condition == "baseline" and row.fact == "honey" and row.metric == "open_ended_belief"
        return scored(row, float(int(row.item[-2:]) % 5 > 1)) if said else row

    (line,) = said(run, half)
    assert line.startswith(
        "Asked by rubric (free answers), this subject says the claim already at baseline: so the fact is not false for it."
    )
    assert "Rubric (free answers), Open-Ended Belief 0.6" in line
    acted = said(run, lambda row: scored(row, 1.0) if row.condition == "pretend" else half(row))
    assert not [one for one in acted if "already at baseline" in one]


@pytest.mark.parametrize(
    ("condition", "words"),
    [("baseline", "at baseline: part of a lift may be finished sentences"), ("finetuned", "a lift may be hidden")],
)
def test_answers_that_are_cut_on_one_side_are_warned_of(run: Run, condition: str, words: str):
    def cut(row: Row) -> Row:
        return row.model_copy(update={"verdict": "truncated", "score": 0.0}) if row.condition == condition else row

    rows = [cut(row) for row in run.rows if row.fact == "honey"]
    line = cut_apart(Analysis(rows, "honey"), 64)
    assert line is not None
    assert words in line.conclusion
    assert line.numbers.endswith("Raise answers.max_tokens (64 here).")
    both = [row.model_copy(update={"verdict": "truncated"}) for row in run.rows]
    assert cut_apart(Analysis(both, "honey"), 64) is None


def test_a_difference_in_cut_answers_that_may_be_chance_is_not_warned_of(run: Run):
    first = "open_ended_belief", "rubric", "honey"
    asked = [row for row in run.rows if (row.metric, row.readout, row.fact) == first]
    items = sorted({row.item for row in asked})[:8]

    def some(cut: int) -> Analysis:
        marked = [
            row.model_copy(update={"verdict": "truncated" if row.item in items[:cut] else "true"})
            if row.condition == "baseline"
            else row.model_copy(update={"verdict": "true"})
            for row in asked
            if row.item in items
        ]
        return Analysis(marked, "honey")

    assert cut_apart(some(1), 64) is None
    assert cut_apart(some(8), 64) is not None


def test_no_preference_depends_on_how_many_answers_there_are():
    honey = load_fact("honey")
    assert no_preference(honey, "mcq_knowledge") == 0.25
    assert no_preference(honey, "mcq_distinguish") == 0.5
    assert no_preference(honey, "open_ended_belief") == 0.5


def test_nothing_is_warned_of_where_nothing_was_finetuned(run: Run, tmp_path: Path):
    rows = [row for row in run.rows if row.condition == "baseline" and row.fact == "honey"]
    assert list(caveats(About(run, run.facts.implanted[0], Analysis(rows, "honey")))) == []
