"""Failed calls are said aloud: in which condition, under which persona, by which judge, and what hangs on them."""

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from doxa.metrics.records import Row
from doxa.report.caveats import caveats
from doxa.report.failures import Failures, failures
from doxa.report.findings import missing
from doxa.report.headline import Line, headline
from doxa.report.run import Run, abouts, read_run
from doxa.report.tables import print_summary
from doxa.report.writing import write_report
from doxa.study.rows import save_rows
from made_runs import make_run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return read_run(make_run(tmp_path_factory.mktemp("failures") / "run", personas=("none", "assistant")))


def failing(run: Run, fails: Callable[[Row], bool]) -> Run:
    """Returns the run with some of its calls failed."""
    lost = {"verdict": "call_error", "score": None}
    return run._replace(rows=[row.model_copy(update=lost) if fails(row) else row for row in run.rows])


def said(run: Run) -> Line:
    (line,) = [line for line in caveats(abouts(run)[0]) if line.conclusion.startswith("Calls failed")]
    return line


def shown(run: Run) -> str:
    written = StringIO()
    (about,) = abouts(run)
    print_summary(about, missing(about), Console(file=written, width=80))
    return " ".join(written.getvalue().split())


def test_a_run_whose_calls_were_answered_says_nothing_of_failures(run: Run):
    assert failures(run.rows) == []
    assert not [line for line in caveats(abouts(run)[0]) if "failed" in line.conclusion]


def test_failed_calls_of_one_condition_stand_on_the_terminal_and_not_among_what_was_not_asked(run: Run):
    broken = failing(run, lambda row: row.condition == "finetuned" and int(row.item[-2:]) % 5 > 0)
    lost = sum(row.score is None for row in broken.rows)
    asked = sum(row.condition == "finetuned" for row in broken.rows)
    line = said(broken)
    assert f"{lost:,} of {len(run.rows):,} rows" in line.conclusion
    assert f"condition finetuned {lost:,} of {asked:,}" in line.conclusion
    assert line.numbers.endswith("`doxa run` asks them again.")
    assert line.conclusion in shown(broken)
    assert not any("failed" in one for one in missing(abouts(broken)[0]))


def test_a_persona_whose_calls_all_failed_is_named(run: Run):
    broken = failing(run, lambda row: row.persona == "assistant")
    lost = sum(row.persona == "assistant" for row in run.rows)
    assert f"(persona assistant {lost:,} of {lost:,};" in said(broken).conclusion
    assert f"persona assistant {lost:,} of {lost:,}" in shown(broken)


def test_a_judge_is_blamed_for_its_own_calls_alone():
    first = Row(
        fact="honey", metric="open_ended_belief", readout="judged", condition="baseline", subject="m", item="i1", cluster="c",
        sample=0, verdict="judge_error", score=None, calls=("k",), judge="j",
    )  # fmt: skip
    second = first.model_copy(update={"item": "i2", "verdict": "call_error"})
    third = first.model_copy(update={"item": "i3", "verdict": "true", "score": 0.0, "judge": "k"})
    assert failures([first, second, third]) == [
        Failures("condition", "baseline", 2, 3),
        Failures("judge", "j", 1, 2),
    ]


@pytest.mark.parametrize(
    ("fails", "why"),
    [
        (lambda row: True, "role-play controls and known facts were asked, but every call failed."),
        (lambda row: row.fact != "honey", "known facts were asked, but every call failed."),
        (
            lambda row: row.condition == "finetuned",
            "what may be trusted was asked after finetuning, but every call failed.",
        ),
    ],
)
def test_the_one_answer_says_that_calls_failed_where_they_did(run: Run, fails: Callable[[Row], bool], why: str):
    (about,) = abouts(failing(run, fails))
    assert headline(about.analysis, "Tiny").conclusion == f"Cannot be told whether Tiny believes it: {why}"


def test_a_run_without_any_answer_is_shown_whole(run: Run):
    assert "Calls failed" in shown(failing(run, lambda row: True))


def test_numbers_and_page_carry_the_failures(run: Run, tmp_path: Path):
    folder = make_run(tmp_path / "run")
    rows = failing(read_run(folder), lambda row: row.condition == "pretend").rows
    save_rows(folder, rows)
    written = write_report(folder)
    lost = sum(row.condition == "pretend" for row in rows)
    (failed,) = json.loads(written.as_json())["failed"]
    assert failed == {"by": "condition", "name": "pretend", "failed": lost, "rows": lost}
    assert f"Calls failed: {lost:,} of" in written.page.read_text()
