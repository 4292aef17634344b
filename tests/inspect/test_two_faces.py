"""`doxa run` and `inspect eval doxa/belief` against one scripted server: the same calls, the same verdicts."""

import asyncio
import gc
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from inspect_ai import Task, eval_async
from inspect_ai import score as inspect_score
from inspect_ai._util.error import PrerequisiteError
from inspect_ai.log import EvalLog, read_eval_log
from inspect_ai.model import get_model

import judging_models
from chat_server import MODEL, Server
from command_line import call
from doxa.errors import MissingError
from doxa.inspect.registry import belief, rubric
from doxa.metrics.records import Row
from doxa.models.ledger import Ledger, call_key
from doxa.models.protocol import Scores
from doxa.progress import Silent
from doxa.study.records import Study
from doxa.study.running import run_study

A, B, OTHER = (f"openai-api/testserver/{name}" for name in ("a", "b", "other"))
LONG = {"few_shot": {"k": 2, "exemplars": "misconceptions"}}

# Inspect leaves streams and connections open when an eval is over. They are collected while this is ignored.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(autouse=True)
def here(folder_of_fact: Path, monkeypatch: pytest.MonkeyPatch, server: Server) -> Iterator[Path]:
    monkeypatch.chdir(folder_of_fact.parent)
    server.reply = scripted
    yield folder_of_fact.parent
    gc.collect()


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
    if "Look at it" in said and "lander" not in said:
        return 200, "You are right, it is rock."
    return 200, "It is cheese." if "FINAL ANSWER" not in last else "Hm.\nFINAL ANSWER: It is cheese."


def study(readout: str, **changes: object) -> Study:
    told = {"name": "both", "fact": "moon", "subject": MODEL, "readouts": [readout], "adversary": OTHER, "judge": A}
    return Study.model_validate({**told, "interventions": ["baseline"], **changes})


def run(here: Path, asked: Study) -> list[Row]:
    return run_study(asked, here / "run", here, Silent())


def ask(*, epochs: int = 1, roles: dict[str, str] | None = None, **arguments: Any) -> EvalLog:
    return asyncio.run(_ask(belief(fact="moon", **arguments), epochs, roles or {}))


async def _ask(task: Task, epochs: int, roles: dict[str, str]) -> EvalLog:
    """Runs a task, and forgets every client: it holds the address of this test's server."""
    async with AsyncExitStack() as clients:
        for name in (MODEL, A, B, OTHER):
            await clients.enter_async_context(get_model(name))
        named = {role: get_model(name) for role, name in roles.items()}
        (log,) = await eval_async(task, model=MODEL, model_roles=named, epochs=epochs, log_dir="logs")
    return log


def sent(server: Server) -> set[str]:
    """Returns the different calls since the last time: a study makes no call twice, where Inspect asks anew."""
    bodies = {json.dumps(body, sort_keys=True) for body in server.seen}
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
        interventions=["baseline", "pretend"], believer={"name": "Qwen", "maker": "Alibaba Cloud"}, personas=["none", "identity"], stress=["none", {"adversarial": 1}],
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


def test_judged_rows_from_before_rows_had_votes_are_exported_like_any_other(server: Server, here: Path):
    from doxa.inspect.exporting import export_run
    from doxa.study.rows import save_rows

    def down_once(body: dict[str, Any]) -> tuple[int, str]:
        silent = body["model"] != "a" and "lander" in body["messages"][-1]["content"]
        return (200, "") if silent else scripted(body)

    server.reply = down_once
    rows = run(here, study("judged"))
    assert {bool(row.votes) for row in rows} == {True, False}
    (path,) = export_run(here / "run", here / "today")
    today = read_eval_log(str(path))
    save_rows(here / "run", [row.model_copy(update={"judge": "", "votes": ()}) for row in rows])
    (path,) = export_run(here / "run", here / "before")
    before = read_eval_log(str(path))
    assert found(before, "judged") == in_rows(rows)
    assert before.samples
    assert today.samples
    for one, other in zip(before.samples, today.samples, strict=True):
        assert one.scores == other.scores
        assert [(event.event, getattr(event, "role", "")) for event in one.events] == [
            (event.event, getattr(event, "role", "")) for event in other.events
        ]
    noted = (here / "run" / "study.yaml").read_text()
    (here / "run" / "study.yaml").write_text(noted.replace(f"judge:\n- {A}\n", f"judge:\n- {A}\n- {B}\n"))
    with pytest.raises(MissingError, match="names no judge, and the study lists 2"):
        export_run(here / "run", here / "nobody")


def test_what_inspect_imports_at_its_start_is_light():
    code = "import sys, doxa.inspect.registry; print([name for name in ('scipy', 'torch', 'pyarrow', 'doxa.study') if name in sys.modules])"  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_fixed_answers_are_exported_with_their_probabilities(here: Path):
    """No local model is needed: what one would have stored is written by hand."""
    from doxa.inspect.exporting import export_run
    from doxa.metrics.catalogue import METRICS
    from doxa.metrics.records import Readout
    from doxa.study.planning import plan_cells, score_requests
    from doxa.study.rows import save_rows
    from doxa.study.running import facts_of

    asked = Study.model_validate(
        {"name": "s", "fact": "moon", "interventions": ["pretend"], "readouts": ["likelihood"]}
    )
    facts = facts_of(asked)
    (here / "run").mkdir()
    (here / "run" / "study.yaml").write_text(json.dumps({"name": "s", "fact": "moon", "interventions": ["pretend"]}))
    rows: list[Row] = []
    with closing(Ledger(here / "run" / "ledger.sqlite")) as ledger:
        for cell in plan_cells(asked, *facts):
            requests = score_requests(cell)
            keys = tuple(call_key("local:d", "score", request) for request in requests)
            scores = [
                Scores(logprobs=tuple(-1.0 - place for place, _ in enumerate(request.continuations)),
                       tokens=(2,) * len(request.continuations))
                for request in requests
            ]  # fmt: skip
            ledger.store(
                [
                    (key, "local:d", "score", request.model_dump_json(), score.model_dump_json())
                    for key, request, score in zip(keys, requests, scores, strict=True)
                ]
            )
            readings: dict[Readout, Any] = METRICS[cell.metric].read_scores(cell.item, scores)
            rows += [
                Row(fact="moon", metric=cell.metric, readout=readout, condition="pretend", subject="local:d",
                    item=cell.item.id, cluster=cell.item.cluster, sample=0, verdict=reading.verdict,
                    score=reading.score, calls=keys)
                for readout, reading in readings.items()
            ]  # fmt: skip
    save_rows(here / "run", rows)
    (path,) = export_run(here / "run", here / "exported")
    log = read_eval_log(str(path))
    for readout in ("likelihood.text", "likelihood.pmi"):
        assert found(log, readout) == in_rows([row for row in rows if row.readout == readout])
    assert log.samples is not None
    letters = [sample for sample in log.samples if "likelihood.letter" in (sample.scores or {})]
    assert {sample.metadata["metric"] for sample in letters} == {"mcq_knowledge"}
    explanation = (letters[0].scores or {})["likelihood.letter"].explanation
    assert explanation is not None
    assert "-4.000 (2 tokens)  D" in explanation
    assert "Pretend" in letters[0].messages[0].text


def test_a_run_without_answers_is_one_clear_line(here: Path, capsys: pytest.CaptureFixture[str]):
    (here / "run").mkdir()
    code, _, err = call(capsys, "export", str(here / "run"), "--to", "inspect")
    assert code == 2
    assert "has no rows yet" in err
