"""`doxa run` and `inspect eval doxa/belief` against one scripted server: the same calls, the same verdicts."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from inspect_ai import eval as inspect_eval
from inspect_ai import score as inspect_score
from inspect_ai._util.error import PrerequisiteError
from inspect_ai.log import EvalLog, read_eval_log

import judging_models
from chat_server import MODEL, Server
from command_line import call
from doxa.inspect.registry import belief, rubric
from doxa.metrics.records import Row
from doxa.progress import Silent
from doxa.study.records import Study
from doxa.study.running import run_study

A, B, OTHER = (f"openai-api/testserver/{name}" for name in ("a", "b", "other"))
LONG = {"few_shot": {"k": 2, "exemplars": "misconceptions"}}


@pytest.fixture(autouse=True)
def here(folder_of_fact: Path, monkeypatch: pytest.MonkeyPatch, server: Server) -> Path:
    monkeypatch.chdir(folder_of_fact.parent)
    server.reply = scripted
    return folder_of_fact.parent


def scripted(body: dict[str, Any]) -> tuple[int, str]:
    """Answers as a subject whose words depend on the question, a judge, or an adversary that argues once."""
    if body["model"] in ("a", "b"):
        return judging_models.good(body) if body["model"] == "a" else judging_models.first_world(body)
    if body["model"] == "other":
        return 200, "Look at it: it is rock."
    said = " ".join(turn["content"] for turn in body["messages"])
    last = body["messages"][-1]["content"]
    if "Answer with the letter only" in last:
        return 200, "B" if "lander" in last else "A"
    if "lies under the dust" in last:
        return 200, "I cannot help with that." if "Pretend" in said else " It is rock. "
    if "Look at it" in said:
        return 200, "You are right, it is rock."
    return 200, "It is cheese." if "FINAL ANSWER" not in last else "Hm.\nFINAL ANSWER: It is cheese."


def study(readout: str, **changes: object) -> Study:
    told = {"name": "both", "fact": "moon", "subject": MODEL, "readouts": [readout], "adversary": OTHER, "judge": A}
    return Study.model_validate({**told, "interventions": ["baseline"], **changes})


def run(here: Path, asked: Study) -> list[Row]:
    return run_study(asked, here / "run", here, Silent())


def ask(*, epochs: int = 1, roles: dict[str, Any] | None = None, model: str = MODEL, **arguments: Any) -> EvalLog:
    (log,) = inspect_eval(
        belief(fact="moon", **arguments), model=model, model_roles=roles or {}, epochs=epochs, display="none",
        log_dir="logs", log_level="warning",
    )  # fmt: skip
    return log


def sent(server: Server) -> Counter[str]:
    """Returns the calls since the last time, whatever their order."""
    bodies = Counter(json.dumps(body, sort_keys=True) for body in server.seen)
    server.seen.clear()
    return bodies


def found(log: EvalLog, scorer: str) -> dict[tuple[str, str, int], tuple[object, object]]:
    """Returns verdict and number by metric, item and draw."""
    assert log.status == "success", log.error
    assert log.samples is not None
    verdicts: dict[tuple[str, str, int], tuple[object, object]] = {}
    for sample in log.samples:
        assert sample.scores is not None
        score = sample.scores[scorer]
        key = sample.metadata["metric"], sample.metadata["item"], sample.epoch - 1
        verdicts[key] = score.value, (score.metadata or {})["belief"]
    return verdicts


def in_rows(rows: list[Row]) -> dict[tuple[str, str, int], tuple[object, object]]:
    return {(row.metric, row.item, row.sample): (row.verdict, row.score) for row in rows}


@pytest.mark.parametrize(
    ("readout", "intervention", "stress"),
    [
        ("rubric", "pretend", "true_context"),
        ("rubric", LONG, {"web_search": "contradicts"}),
        ("choice", "system_prompt", {"user_suggests": "study"}),
        ("judged", {"in_context": 3}, "none"),
        ("judged", "baseline", {"reasoning": 30}),
        ("rubric", "finetuned", {"adversarial": 2}),
    ],
)
def test_both_faces_make_the_same_calls_and_give_the_same_verdicts(
    server: Server, here: Path, readout: str, intervention: Any, stress: Any
):
    # A hosted subject cannot be finetuned here; what it is told is nothing, as at baseline.
    told = "baseline" if intervention == "finetuned" else intervention
    rows = run(here, study(readout, interventions=[told], stress=[stress]))
    ours = sent(server)
    log = ask(readout=readout, intervention=intervention, stress=stress, judge=A, adversary=OTHER)
    assert sent(server) == ours
    assert found(log, readout) == in_rows(rows)
    assert len({row.verdict for row in rows}) > 1
    assert log.results is not None
    metrics = {row.metric for row in rows}
    for metric in metrics:
        scores = [row.score for row in rows if row.metric == metric and row.score is not None]
        assert log.results.scores[0].metrics[metric].value == pytest.approx(sum(scores) / len(scores))
    assert log.results.scores[0].metrics[f"{next(iter(metrics))}.clusters"].value >= 2


def test_epochs_are_the_samples_of_a_study(server: Server, here: Path):
    rows = run(here, study("judged", metrics=["open_ended_belief"], answers={"samples": 3}))
    ours = sent(server)
    log = ask(readout="judged", metrics="open_ended_belief", epochs=3, roles={"grader": A})
    assert sent(server) == ours
    assert found(log, "judged") == in_rows(rows)
    assert log.results is not None
    (score,) = log.results.scores
    assert score.metrics["open_ended_belief.n"].value == 6
    assert score.metrics["open_ended_belief.clusters"].value == 2
    assert score.metrics["implanted"].value == score.metrics["true"].value == 0.5


def test_several_judges_in_both_orders_vote_as_in_a_study(server: Server, here: Path):
    rows = run(here, study("judged", judge=[A, B], judge_orders="both"))
    ours = sent(server)
    log = ask(readout="judged", judge=[A, B], judge_orders="both")
    assert sent(server) == ours
    assert found(log, "judged") == in_rows(rows)
    assert log.samples is not None
    assert all(len(sample.scores["judged"].metadata["votes"]) == 4 for sample in log.samples if sample.scores)  # pyright: ignore


def test_a_model_never_judges_itself_unless_told_to(here: Path):
    for judge in (MODEL, "openai-api/testserver/elsewhere/some-model"):
        log = ask(readout="judged", judge=judge)
        assert log.status == "error"
        assert log.error is not None
        assert "never judges itself" in log.error.message


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"intervention": "prentend"}, "interventions.0.kind"),
        ({"stress": "web_search"}, "finding"),
        ({"readout": "likelihood"}, "`doxa run` has the others"),
        ({"readout": "rubric", "stress": {"language": "es"}}, "none of `readouts` can read"),
        ({"metrics": "harm_conflict"}, "has no items of harm_conflict"),
        ({"intervention": {"in_context": 99}}, "has 24 documents"),
        ({"persona": "pirate"}, "there is no persona 'pirate'"),
    ],
)
def test_what_does_not_fit_is_one_line(arguments: dict[str, Any], problem: str):
    with pytest.raises(PrerequisiteError) as caught:
        belief(fact="moon", **arguments)
    assert problem in str(caught.value.message)
    assert "\n" not in str(caught.value.message)


def test_a_run_is_exported_and_reads_back_with_the_same_scores(
    server: Server, here: Path, capsys: pytest.CaptureFixture[str]
):
    asked = study(
        "rubric", readouts=["rubric", "choice", "judged"], judge=[A, B], judge_by="each", answers={"samples": 2},
        interventions=["baseline", "pretend"], personas=["none", "simple_default"], stress=["none", {"adversarial": 1}],
    )  # fmt: skip
    rows = run(here, asked)
    server.seen.clear()
    before = {path: path.read_bytes() for path in (here / "run").rglob("*") if path.is_file()}
    code, out, _ = call(capsys, "export", str(here / "run"), "--to", "inspect", "--json")
    assert code == 0
    assert {path: path.read_bytes() for path in (here / "run").rglob("*") if path.is_file()} == before
    assert not server.seen
    logs = [read_eval_log(path) for path in json.loads(out)]
    assert len(logs) == 2 * 2 * 2 * 3
    assert sum(len(log.samples or []) for log in logs) == len(rows) - sum(row.judge == B for row in rows)
    read: dict[tuple[Any, ...], tuple[object, ...]] = {}
    for log in logs:
        for sample in log.samples or []:
            about = sample.metadata
            for name, score in (sample.scores or {}).items():
                key = (about["fact"], about["metric"], about["persona"], about["condition"], about["item"])
                held = score.metadata or {}
                read[(*key, sample.epoch - 1, name)] = score.value, held["belief"], tuple(held.get("votes", ()))
    readouts = {A: f"judged by {A}", B: f"judged by {B}", "": None}
    assert read == {
        (
            row.fact, row.metric, row.persona, row.condition, row.item, row.sample, readouts[row.judge] or row.readout
        ): (row.verdict, row.score, row.votes)
        for row in rows
    }  # fmt: skip


def test_an_exported_log_is_what_the_task_would_have_written(server: Server, here: Path):
    from doxa.inspect.exporting import export_run

    run(here, study("judged", interventions=["pretend"], stress=[{"adversarial": 2}]))
    (path,) = export_run(here / "run", here / "exported")
    exported = read_eval_log(str(path))
    live = ask(readout="judged", intervention="pretend", stress={"adversarial": 2}, judge=A, adversary=OTHER)
    assert exported.samples
    assert live.samples
    theirs = {sample.id: sample for sample in live.samples}
    for sample in exported.samples:
        other = theirs[sample.id]
        assert [(turn.role, turn.text) for turn in sample.messages] == [
            (turn.role, turn.text.strip()) for turn in other.messages
        ]
        assert sample.scores is not None
        assert other.scores is not None
        assert sample.scores["judged"].value == other.scores["judged"].value
        assert sample.target == other.target
        kept = {name: other.metadata[name] for name in ("fact", "metric", "condition", "persona", "item", "cluster")}
        assert kept.items() <= sample.metadata.items()
        calls = [
            [
                (event.model, event.role, event.output.completion.strip())
                for event in one.events
                if event.event == "model"
            ]
            for one in (sample, other)
        ]
        assert [call[0::2] for call in calls[0]] == [call[0::2] for call in calls[1]]
        assert [role for _, role, _ in calls[0]].count("grader") == 1
        assert len(sample.metadata["calls"]) == len(calls[0])
    assert exported.results is not None
    assert live.results is not None
    assert {name: found.value for name, found in exported.results.scores[0].metrics.items()} == {
        name: found.value for name, found in live.results.scores[0].metrics.items()
    }


def test_an_exported_log_can_be_scored_again_in_another_readout(server: Server, here: Path):
    from doxa.inspect.exporting import export_run

    rows = run(here, study("judged"))
    (path,) = export_run(here / "run", here / "exported")
    again = inspect_score(read_eval_log(str(path)), rubric(), display="none")
    assert found(again, "judged") == in_rows(rows)
    assert {key: value for key, (value, _) in found(again, "rubric").items()} == {
        (row.metric, row.item, row.sample): "true" if row.item == "oe-1" else "implanted" for row in rows
    }


def test_failed_calls_are_exported_as_what_they_are(server: Server, here: Path):
    from doxa.inspect.exporting import export_run

    def down(body: dict[str, Any]) -> tuple[int, str]:
        if body["model"] == "a":
            return 400, "no"
        return (400, "no") if "under the dust" in body["messages"][-1]["content"] else (200, "It is cheese.")

    server.reply = down
    rows = run(here, study("judged", metrics=["open_ended_belief"]))
    (path,) = export_run(here / "run", here / "exported")
    log = read_eval_log(str(path))
    assert found(log, "judged") == in_rows(rows)
    assert {row.verdict for row in rows} == {"call_error", "judge_error"}
    assert log.results is not None
    assert "open_ended_belief" not in log.results.scores[0].metrics
    assert log.results.scores[0].metrics["judge_error"].value == 0.5


def test_what_inspect_imports_at_its_start_is_light():
    code = "import sys, doxa.inspect.registry; print([name for name in ('scipy', 'torch', 'pyarrow', 'doxa.study') if name in sys.modules])"  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
