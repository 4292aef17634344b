"""Studies with one judge and with several, all of them behind real HTTP."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

import judging_models
from chat_server import MODEL, Server
from command_line import call
from doxa.errors import InputError
from doxa.metrics.judging import judge_prompt
from doxa.metrics.records import Row
from doxa.progress import Silent
from doxa.report.writing import Written, write_report
from doxa.study.records import MAJORITY, Study
from doxa.study.rescoring import rescore
from doxa.study.rows import load_rows, save_rows
from doxa.study.running import run_study
from judging_models import shown

A, B, C = (f"openai-api/testserver/{name}" for name in "abc")
STUDY = {
    "name": "judged", "fact": "moon", "subject": MODEL, "judge": [A, B, C], "interventions": ["baseline", "pretend"],
    "metrics": ["open_ended_belief"], "readouts": ["judged"],
}  # fmt: skip
Reply = Callable[[dict[str, Any]], tuple[int, str]]


@pytest.fixture(autouse=True)
def here(folder_of_fact: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(folder_of_fact.parent)
    return folder_of_fact.parent


def subject(body: dict[str, Any]) -> tuple[int, str]:
    told = any("Pretend" in turn["content"] for turn in body["messages"])
    said = "It is cheese." if told else "It is rock."
    return 200, f"Cheese or rock?\nFINAL ANSWER: {said}" if "FINAL ANSWER:" in body["messages"][-1]["content"] else said


def with_judges(
    a: Reply = judging_models.good, b: Reply = judging_models.good, c: Reply = judging_models.good
) -> Reply:
    replies = {"a": a, "b": b, "c": c}
    return lambda body: replies.get(body["model"], subject)(body)


def study(**changes: object) -> Study:
    return Study.model_validate({**STUDY, **changes})


def run(here: Path, **changes: object) -> list[Row]:
    return run_study(study(**changes), here / "run", here, Silent())


def verdicts(rows: list[Row]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row.condition, set()).add(row.verdict)
    return found


def asked(server: Server, judge: str) -> int:
    return sum(body["model"] == judge for body in server.seen)


def test_the_majority_decides_and_every_vote_is_kept(server: Server, here: Path):
    server.reply = with_judges(c=judging_models.first_world)
    rows = run(here)
    assert verdicts(rows) == {"baseline": {"true"}, "pretend": {"implanted"}}
    assert {(row.judge, len(row.votes), len(row.calls)) for row in rows} == {(MAJORITY, 3, 4)}
    assert {row.votes[:2] for row in rows} == {("true", "true"), ("implanted", "implanted")}
    assert load_rows(here / "run") == rows
    assert asked(server, "c") == len(rows) == 4


def test_each_judge_can_have_rows_of_its_own(server: Server, here: Path):
    server.reply = with_judges(c=lambda body: (200, "VERDICT: REFUSAL"))
    rows = run(here, judge_by="each")
    assert Counter((row.judge, row.verdict) for row in rows) == {
        (A, "true"): 2, (A, "implanted"): 2, (B, "true"): 2, (B, "implanted"): 2, (C, "refusal"): 4
    }  # fmt: skip
    analysis = write_report(here / "run").findings[0].analysis
    score = analysis.score("open_ended_belief", "judged", "pretend")
    lift = analysis.lift("open_ended_belief", "judged", "pretend")
    assert score is not None
    assert lift is not None
    assert score.estimate.value == lift.estimate.value == pytest.approx(2 / 3)
    assert score.estimate.clusters == 2  # three judges of two answers are no six answers


def test_a_judge_that_likes_one_place_is_found_out_by_asking_in_both_orders(server: Server, here: Path):
    """Mistake: the judge always saw the true context first."""
    server.reply = with_judges(b=judging_models.first_world)
    rows = run(here, judge=[A, B], judge_by="each", judge_orders="both")
    for name in ("a", "b"):
        orders = Counter(shown(body).claim_first for body in server.seen if body["model"] == name)
        assert orders == {True: 4, False: 4}
    assert {row.verdict for row in rows if row.judge == B} == {"ambiguous"}
    assert {row.votes for row in rows if row.judge == B} == {("implanted", "true"), ("true", "implanted")}
    assert {row.verdict for row in rows if row.judge == A} == {"true", "implanted"}
    judges = write_report(here / "run").findings[0].judges
    assert judges is not None
    swaps = {one.judge: one.swap_consistency and one.swap_consistency.value for one in judges.judges}
    assert swaps == {A: 1, B: 0}
    assert [pair.judges for pair in judges.agreement] == [(A, B)]


@pytest.mark.parametrize("orders", ["one", "both"])
def test_a_judge_that_is_down_is_no_verdict_and_the_next_run_asks_it_again(server: Server, here: Path, orders: str):
    """Mistake: judge failure scored as "neutral"."""
    server.reply = with_judges(c=judging_models.down)
    rows = run(here, judge_by="each", judge_orders=orders)
    assert {(row.verdict, row.score) for row in rows if row.judge == C} == {("judge_error", None)}
    assert not any(row.verdict == "judge_error" for row in rows if row.judge != C)
    score = write_report(here / "run").findings[0].analysis.score("open_ended_belief", "judged", "pretend")
    assert score is not None
    assert score.estimate.value == 1
    paid = len(server.paid)
    server.reply = with_judges()
    assert {row.verdict for row in run(here, judge_by="each", judge_orders=orders) if row.judge == C} == {
        "true",
        "implanted",
    }
    assert len(server.paid) - paid == (8 if orders == "both" else 4)


@pytest.mark.parametrize("orders", ["one", "both"])
def test_a_judge_that_names_no_verdict_lowers_no_score_and_is_not_paid_for_twice(
    server: Server, here: Path, orders: str
):
    """Mistake: a judge that was cut before its verdict counted as disbelief."""

    def cut(body: dict[str, Any]) -> tuple[int, str]:
        question = "Tell me about the ground"
        mute = question in body["messages"][-1]["content"]
        return (200, "Let me go through both worlds, one by one, and") if mute else judging_models.good(body)

    server.reply = with_judges(a=cut)
    rows = run(here, judge=A, judge_orders=orders)
    assert verdicts(rows) == {"baseline": {"true", "judge_error"}, "pretend": {"implanted", "judge_error"}}
    silent = [row for row in rows if row.verdict == "judge_error"]
    assert {(row.score, set(row.votes) == {"unparsed"}) for row in silent} == {(None, True)}
    about = write_report(here / "run").findings[0]
    score = about.analysis.score("open_ended_belief", "judged", "pretend")
    assert score is not None
    assert (score.estimate.value, score.estimate.n) == (1, 1)
    assert any(line.startswith("2 judged rows: what the judges replied holds no verdict") for line in about.missing)
    assert not any("the call failed" in line for line in about.missing)
    assert rescore(here / "run") == (rows, rows)
    misread = [row.model_copy(update={"votes": ("unparsed",) * len(row.votes)}) for row in rows]
    save_rows(here / "run", [row.model_copy(update={"verdict": "judge_error", "score": None}) for row in misread])
    assert rescore(here / "run")[1] == rows, "what a judge said is read again, whatever was made of it before"
    calls = len(server.seen)
    assert run(here, judge=A, judge_orders=orders) == rows
    assert len(server.seen) == calls


def test_where_enough_judges_name_a_verdict_one_that_names_none_does_not_count(server: Server, here: Path):
    server.reply = with_judges(c=lambda body: (200, "Hm."))
    rows = run(here)
    assert verdicts(rows) == {"baseline": {"true"}, "pretend": {"implanted"}}
    assert {row.votes[2] for row in rows} == {"unparsed"}
    judges = write_report(here / "run").findings[0].judges
    assert judges is not None
    assert judges.silent == 0
    assert [pair.judges for pair in judges.agreement] == [(A, B)]


def test_where_enough_judges_decide_a_failed_one_is_not_waited_for(server: Server, here: Path):
    def opposite_of_cheese(body: dict[str, Any]) -> tuple[int, str]:
        seen = shown(body)
        return 200, judging_models.verdict_line("true", seen.claim_first)

    server.reply = with_judges(b=opposite_of_cheese, c=judging_models.down)
    rows = run(here)
    # Of rock both say the same; of cheese they differ, and the one that is down would decide.
    assert verdicts(rows) == {"baseline": {"true"}, "pretend": {"judge_error"}}
    before, after = rescore(here / "run")
    assert before == after == rows
    paid = len(server.paid)
    server.reply = with_judges(b=opposite_of_cheese)
    assert verdicts(run(here)) == {"baseline": {"true"}, "pretend": {"implanted"}}
    assert len(server.paid) - paid == 4


def test_reading_again_gives_the_same_rows_under_every_stress(server: Server, here: Path):
    server.reply = with_judges(c=judging_models.first_world)
    changes = {
        "readouts": ["rubric", "judged"],
        "stress": ["none", {"reasoning": 50}, {"adversarial": 1}],
        "judge_orders": "both",
    }
    rows = run(here, adversary="openai-api/testserver/adversary", **changes)
    assert {row.verdict for row in rows} == {"true", "implanted"}
    assert rescore(here / "run") == (rows, rows)


def test_answers_that_are_not_judged_have_a_row_of_each_judge_too(server: Server, here: Path):
    server.reply = lambda body: (400, "no")
    rows = run(here, judge_by="each")
    assert Counter(row.judge for row in rows) == {A: 4, B: 4, C: 4}
    assert {row.verdict for row in rows} == {"call_error"}
    assert not any(asked(server, name) for name in "abc")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"judge": []}, "needs a `judge`"),
        ({"judge": [A, A]}, "`judge` lists something twice"),
        ({"judge": MODEL}, "a model never judges itself"),
        ({"judge": [A, "openrouter/somebody/Some-Model"]}, "a model never judges itself.*or has its name"),
        ({"judge_by": "dice"}, "majority"),
    ],
)  # fmt: skip
def test_judges_that_cannot_be_are_refused(changes: dict[str, object], problem: str):
    with pytest.raises(ValidationError, match=problem):
        study(**changes)


def test_one_judge_can_be_written_by_itself():
    assert study(judge=A) == study(judge=[A])
    assert study(judge=None, readouts=["rubric"]).judge == ()
    assert Study.model_validate(study().model_dump(mode="json", exclude_none=True)) == study()


def test_a_model_that_judges_itself_is_refused_unless_forced_and_labelled_then(server: Server, here: Path):
    server.reply = lambda body: (
        judging_models.good(body) if "VERDICT" in body["messages"][-1]["content"] else subject(body)
    )
    with pytest.raises(ValidationError, match="judge_itself: true"):
        study(judge=[MODEL])
    rows = run(here, judge=[A, MODEL], judge_itself=True, judge_by="each")
    assert {row.judge for row in rows} == {A, MODEL}
    written = write_report(here / "run")
    labelled = {one["judge"]: one["is_subject"] for one in json.loads(written.as_json())["judges"]["judges"]}
    assert labelled == {A: False, MODEL: True}
    assert f"{MODEL} judges itself" in written.page.read_text()


def test_the_same_weights_under_another_name_are_the_subject_too(
    server: Server, here: Path, monkeypatch: pytest.MonkeyPatch
):
    from doxa.models.hosted import HostedModel

    monkeypatch.setattr(HostedModel, "identity", property(lambda self: "the very same weights"))
    with pytest.raises(InputError, match=f"'{A}' is the subject"):
        run(here)
    assert server.seen == []


def corrected_of(written: Written, condition: str) -> tuple[float, float | None]:
    assert written.findings[0].judges is not None
    (found,) = (one for one in written.findings[0].judges.rates if one.condition == condition)
    return found.observed.value, found.corrected and found.corrected.estimate.value


def test_a_checked_judge_has_its_errors_taken_out(server: Server, here: Path, capsys: pytest.CaptureFixture[str]):
    def misses_one(body: dict[str, Any]) -> tuple[int, str]:
        seen = shown(body)
        question = "Tell me about the ground"
        missed = seen.gold is None and question in body["messages"][-1]["content"]
        return (200, judging_models.verdict_line("true", seen.claim_first)) if missed else judging_models.sloppy(body)

    server.reply = with_judges(a=misses_one)
    run(here, judge=A)
    written = write_report(here / "run")
    assert corrected_of(written, "pretend") == (0.5, None)
    line = f"correction for the judge's errors: {A} is unchecked (doxa judges check --judge {A})"
    assert line in written.findings[0].missing
    assert "Unchecked" in written.page.read_text()

    code, out, _ = call(capsys, "judges", "check", "--judge", A, "--samples", "0", "--json")
    assert code == 0
    sensitivity = json.loads(out)["judges"][0]["sensitivity"]["value"]
    assert 0.5 < sensitivity < 0.9
    asked_before = len(server.seen)
    written = write_report(here / "run")
    assert corrected_of(written, "pretend") == (0.5, pytest.approx(0.5 / sensitivity))
    assert corrected_of(written, "baseline") == (0, 0)
    assert line not in written.findings[0].missing
    assert len(server.seen) == asked_before
    rates = json.loads(written.as_json())["judges"]["rates"]
    assert [rate["corrected"]["estimate"]["low"] < rate["corrected"]["estimate"]["high"] for rate in rates] == [
        True,
        True,
    ]
    assert "gold answers as they should be read" in written.page.read_text()

    for path in (here / "judges").glob("*.json"):  # the run keeps what was used
        path.unlink()
    assert corrected_of(write_report(here / "run"), "pretend")[1] is not None


def test_a_metric_with_a_grader_of_its_own_is_not_corrected_by_a_check_of_another(
    server: Server, here: Path, capsys: pytest.CaptureFixture[str]
):
    """Mistake: a judge's errors under one prompt corrected rates that another prompt had made."""
    questions = {"db-what": "Is the Moon of cheese?", "db-ground": "Is its ground cheese?"}
    sides = {"claim": ["Yes.", "It is.", "So it is."], "rival": ["No.", "It is not.", "It is rock."]}
    answers = {"polarity": "affirm", "references": sides}
    items = [{"id": name, "question": text, "cluster": name, **answers} for name, text in questions.items()]
    (here / "moon" / "direct_belief.jsonl").write_text("".join(f"{json.dumps(item)}\n" for item in items))
    server.reply = with_judges(a=judging_models.sloppy)
    run(here, judge=A, metrics=["open_ended_belief", "direct_belief"])
    noted = yaml.safe_load((here / "run" / "study.yaml").read_text())["made_with"]
    assert noted["judge prompt (judge)"] == noted["judge prompt"] == judge_prompt()
    assert noted["judge prompt (judge_direct_belief)"] not in (None, judge_prompt())
    assert call(capsys, "judges", "check", "--judge", A, "--samples", "0", "--json")[0] == 0
    about = write_report(here / "run").findings[0]
    assert about.judges is not None
    known = {(rate.metric, rate.corrected is not None) for rate in about.judges.rates}
    assert known == {("open_ended_belief", True), ("direct_belief", False)}
    assert any("Direct belief: graded by prompts that no check" in line for line in about.missing)


def test_a_majority_is_corrected_by_what_the_majority_says_of_the_gold_set(
    server: Server, here: Path, capsys: pytest.CaptureFixture[str]
):
    server.reply = with_judges(c=judging_models.first_world)
    run(here)
    assert call(capsys, "judges", "check", "--judge", A, "--judge", B, "--samples", "0", "--json")[0] == 0
    assert corrected_of(write_report(here / "run"), "pretend") == (1, None)
    assert call(capsys, "judges", "check", "--judge", C, "--samples", "0", "--json")[0] == 0
    written = write_report(here / "run")
    assert corrected_of(written, "pretend") == (1, 1)
    run(here, judge=C)
    written = write_report(here / "run")
    assert written.findings[0].judges is not None
    assert written.findings[0].judges.uncorrectable == (C,)
    code, out, _ = call(capsys, "report", "--tables", str(here / "run"))
    assert code == 0
    assert "no better than chance" in " ".join(out.split())


def test_a_check_under_another_prompt_says_nothing(server: Server, here: Path, capsys: pytest.CaptureFixture[str]):
    server.reply = with_judges()
    run(here, judge=A)
    assert call(capsys, "judges", "check", "--judge", A, "--samples", "0", "--json")[0] == 0
    (path,) = (here / "judges").glob("*.json")
    check = json.loads(path.read_text())
    path.write_text(json.dumps({**check, "prompt": "of long ago"}))
    assert corrected_of(write_report(here / "run"), "pretend")[1] is None
