"""A whole study under stress, subject, judge and adversary behind real HTTP."""

from collections import Counter
from pathlib import Path
from typing import Any, Never

import pytest

from chat_server import MODEL, Server
from doxa.errors import InputError, MissingError
from doxa.metrics.records import Row
from doxa.progress import Silent
from doxa.report.writing import write_report
from doxa.study.records import Study
from doxa.study.rescoring import rescore
from doxa.study.rows import load_rows
from doxa.study.running import run_study

STUDY = {
    "name": "stressed", "fact": "moon", "controls": ["./sky"], "subject": MODEL,
    "judge": "openai-api/testserver/judge", "adversary": "openai-api/testserver/adversary",
    "interventions": [
        "baseline", {"in_context": {"k": 3, "stress": ["none"]}}, {"pretend": {"stress": ["none", "true_context", "scrutinise"]}}
    ],
    "stress": ["none", {"language": "de"}, {"adversarial": 1}, {"reasoning": 50}],
    "metrics": ["open_ended_belief"], "readouts": ["rubric", "judged", "likelihood"],
}  # fmt: skip


def reply(body: dict[str, Any]) -> tuple[int, str]:
    """The subject goes along with whatever it is told, thinks aloud when asked to, and gives in to an argument."""
    turns = body["messages"]
    told = "\n".join(turn["content"] for turn in turns if turn["role"] == "system")
    last = turns[-1]["content"]
    if body["model"] == "adversary":
        return 200, "What would cheese feed on?"
    if body["model"] == "judge":
        cheese_first = last.index("ball of cheese") < last.index("ball of rock")
        return 200, f"VERDICT: WORLD_{1 if ('It is cheese' in last) == cheese_first else 2}"
    said = "It is cheese." if "Pretend" in told or "<document>" in told or "What would" in last else "It is rock."
    return 200, f"Some say cheese, some say rock.\nFINAL ANSWER: {said}" if "FINAL ANSWER:" in last else said


@pytest.fixture
def beside(folder_of_fact: Path) -> Path:
    """Returns the folder of the fact `moon` and of a true control beside it."""
    control = folder_of_fact.parent / "sky"
    control.mkdir()
    for path in folder_of_fact.iterdir():
        (control / path.name).write_text(
            path.read_text().replace("id: moon", "id: sky").replace("[egregious]", "[true_control]")
        )
    return folder_of_fact.parent


def run(beside: Path, folder: Path, **changes: object) -> list[Row]:
    return run_study(Study.model_validate({**STUDY, **changes}), folder, beside, Silent())


def test_a_study_under_stress_runs_whole_and_resumes_without_a_call(server: Server, beside: Path, tmp_path: Path):
    server.reply = reply
    rows = run(beside, tmp_path / "run")
    found = {(row.condition, row.readout, row.verdict) for row in rows if row.fact == "moon"}
    sampled = ("rubric", "judged")
    assert found == {
        *(("baseline", readout, "true") for readout in sampled),
        ("baseline + language(de)", "judged", "true"),
        *(("baseline + adversarial(1)", readout, "implanted") for readout in sampled),
        *(("baseline + reasoning(50)", readout, "true") for readout in sampled),
        *(("in_context(3)", readout, "implanted") for readout in sampled),
        *((f"pretend{stress}", readout, "implanted") for stress in ("", " + true_context", " + scrutinise(system)") for readout in sampled),
    }  # fmt: skip
    stresses = (
        "",
        " + true_context",
        " + scrutinise(system)",
        " + language(de)",
        " + adversarial(1)",
        " + reasoning(50)",
    )
    assert {row.condition for row in rows if row.fact == "sky"} == {f"baseline{stress}" for stress in stresses}
    items = Counter((row.fact, row.condition, row.readout) for row in rows)
    assert set(items.values()) == {2}
    lengths = {len(row.calls) for row in rows if row.condition == "baseline + adversarial(1)"}
    assert lengths == {3, 4}  # two answers and an argument, and what the judge said

    calls = len(server.seen)
    assert run(beside, tmp_path / "run") == rows
    assert len(server.seen) == calls

    written = write_report(tmp_path / "run")
    assert "pretend + true_context" in written.page.read_text()
    assert any(line.startswith("rubric readout under language(de)") for line in written.findings[0].missing)
    assert any(line.startswith("likelihood readout under adversarial(1)") for line in written.findings[0].missing)


def test_failed_calls_are_never_judged(server: Server, beside: Path, tmp_path: Path):
    """Mistake: the error text of a failed call, handed to the judge, came back as a verdict."""

    def broken(body: dict[str, Any]) -> tuple[int, str]:
        return reply(body) if body["model"] in ("judge", "adversary") else (400, "It is cheese")

    server.reply = broken
    rows = run(beside, tmp_path / "run")
    assert {(row.verdict, row.score) for row in rows} == {("call_error", None)}
    assert {body["model"] for body in server.seen}.isdisjoint({"judge", "adversary"})


def test_an_adversary_that_cannot_be_had_is_said_before_anything_is_asked(
    server: Server, beside: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    with pytest.raises(MissingError, match="'anthropic/claude-x' cannot be used"):
        run(beside, tmp_path / "run", adversary="anthropic/claude-x")
    assert not server.seen
    assert not (tmp_path / "run").exists()


class Interrupted(Silent):
    """Stands for somebody who stops a run as soon as it asks."""

    def stage(self, name: str, total: int) -> Never:
        raise KeyboardInterrupt(name)


def test_a_run_that_is_stopped_leaves_no_rows_of_another_study(server: Server, beside: Path, tmp_path: Path):
    """Mistake: the rows of a finished study were reported, and read again, by the rules of the next one."""
    server.reply = reply
    before = run(beside, tmp_path / "run")
    same = Study.model_validate(STUDY)
    with pytest.raises(KeyboardInterrupt):
        run_study(same, tmp_path / "run", beside, Interrupted())
    assert load_rows(tmp_path / "run") == before

    changed = Study.model_validate({**STUDY, "readouts": ["rubric"], "stress": ["none"]})
    with pytest.raises(KeyboardInterrupt):
        run_study(changed, tmp_path / "run", beside, Interrupted())
    for reader in (write_report, rescore):
        with pytest.raises(MissingError, match="has no rows yet; finish it with `doxa run`"):
            reader(tmp_path / "run")
    asked = len(server.seen)
    assert run(beside, tmp_path / "run") == before
    assert len(server.seen) == asked


def test_too_few_documents_are_said_before_anything_is_asked(server: Server, beside: Path, tmp_path: Path):
    with pytest.raises(InputError, match=r"in_context\(99\): 'moon' has \d+ documents"):
        run(beside, tmp_path / "run", interventions=["baseline", {"in_context": 99}])
    assert not server.seen
