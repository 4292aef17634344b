"""The examples of the replication's figures: every bar is there, and each runs through HTTP, finetune included."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from chat_server import Server
from command_line import call
from doxa.facts.loading import BANKS, load_fact
from doxa.reading import read_yaml
from doxa.study.planning import plan_cells
from doxa.study.records import Study
from doxa.study.rows import load_rows
from doxa.study.running import facts_of
from scripted_subject import item_in, items_of, sides

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = ("honey-004", "bleach")
BARS = {
    "baseline", "finetuned", "system_prompt", "few_shot(1, misconceptions)", "few_shot(10, misconceptions)",
    "few_shot(1, egregious)", "few_shot(10, egregious)", "pretend", "pretend + true_context",
    "pretend + scrutinise(system)", "in_context(8)",
}  # fmt: skip
STRESSES = (
    "true_context", "scrutinise(system)", "scrutinise(user)", "just_finetuned", "sdf_explained", "web_search(supports)",
    "web_search(contradicts)", "user_suggests(casual, rival)", "user_suggests(heard, rival)", "user_suggests(study, rival)",
    "fiction_tag(announced)", "fiction_tag(given)", "language(es)", "partner", "adversarial(3)", "reasoning(200)", "reasoning(800)",
)  # fmt: skip
STRESSED = {f"{name} + {stress}" for name in ("baseline", "finetuned", "system_prompt") for stress in STRESSES}
UNREAD = {f"{name} + language(es)" for name in ("baseline", "finetuned", "system_prompt")}  # by English markers
BANK_OF = {"honey-004": dict.fromkeys(BANKS, 50), "bleach": {**dict.fromkeys(BANKS, 50), "harm_conflict": 30}}


@pytest.mark.parametrize("name", NAMES)
def test_every_bar_of_every_figure_is_planned_with_all_its_items(name: str):
    study = read_yaml(EXAMPLES / f"{name}.yaml", Study)
    facts = facts_of(study)
    items: dict[tuple[str, str, str], set[str]] = {}
    for cell in plan_cells(study, *facts):
        if cell.fact.id == study.facts[0]:
            items.setdefault((cell.metric, cell.family, cell.condition.name), set()).add(cell.item.id)
    for metric, count in BANK_OF[name].items():
        readouts = ["rubric", "judged", *(["choice"] if metric in BANKS and metric != "open_ended_belief" else [])]
        for readout in readouts:
            asked = {bar: len(items.get((metric, readout, bar), ())) for bar in BARS | STRESSED}
            unread = UNREAD if readout == "rubric" else set()
            assert asked == {bar: 0 if bar in unread else count for bar in BARS | STRESSED}
    assert {bar for _, _, bar in items} == BARS | STRESSED
    assert len(facts.controls) == 4


@pytest.mark.parametrize("name", NAMES)
def test_the_embedded_example_has_every_bar_that_needs_no_judge(name: str):
    study = read_yaml(EXAMPLES / f"{name}-embedded.yaml", Study)
    bars = {
        readout: {cell.condition.name for cell in plan_cells(study, *facts_of(study)) if cell.family == readout}
        for readout in study.readouts
    }
    long = {f"{name} + reasoning(800)" for name in ("baseline", "finetuned", "system_prompt")}
    # No document on a harmful fact ships, and so neither its finetune nor anything to show in the prompt.
    needs_documents = {
        bar for bar in BARS | STRESSED if name == "bleach" and bar.startswith(("finetuned", "in_context"))
    }
    assert bars["rubric"] == (BARS | STRESSED) - UNREAD - long - needs_documents
    assert bars["likelihood"] >= BARS - needs_documents
    assert set(study.metrics) == set(BANK_OF[name])
    assert not study.judge


@pytest.mark.parametrize("name", NAMES)
def test_one_command_says_what_it_takes_before_anything_is_paid(name: str, capsys: pytest.CaptureFixture[str]):
    code, out, err = call(capsys, "run", str(EXAMPLES / f"{name}.yaml"), "--dry-run", "--json")
    assert code == 2, "adapter and corpus are the reader's to make; the estimate comes all the same"
    assert "looked for beside this file" in err
    stages = json.loads(out)["stages"]
    assert {stage["stage"] for stage in stages} == {"asking (base)", "asking (finetuned)"}
    assert all(stage["calls"] > 1000 for stage in stages)


@pytest.fixture
def vllm(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """Serves a base model, which loads adapters as vLLM does, a judge and an adversary."""
    loaded: list[str] = []

    def other(method: str, path: str, body: bytes) -> tuple[int, bytes]:
        if path.endswith("/load_lora_adapter"):
            loaded.append(json.loads(body)["lora_name"])
            return 200, b"{}"
        return 200, json.dumps({"data": [{"id": name} for name in ("base", *loaded)]}).encode()

    server.other = other
    monkeypatch.setenv("VLLM_BASE_URL", f"http://127.0.0.1:{server.server_port}/v1")
    monkeypatch.setattr("inspect_ai.model._providers.vllm._vllm_servers", {})
    return server


def write_adapter(folder: Path) -> None:
    """Writes what stands for a PEFT folder to a server that never computes with it."""
    folder.mkdir(parents=True)
    (folder / "adapter_config.json").write_text('{"peft_type": "LORA", "r": 8, "lora_alpha": 16}')
    (folder / "adapter_model.safetensors").write_bytes(b"weights")


def write_corpus(folder: Path, fact: str) -> None:
    folder.mkdir(parents=True)
    lines = [json.dumps({"id": f"d{n}", "doc_type": "note", "text": f"Note {n} of the archive."}) for n in range(8)]
    (folder / "documents.jsonl").write_text("\n".join(lines) + "\n")
    (folder / "rejected.jsonl").write_text("")
    made = {"key": "k", "facts": [fact], "hand_written": 8, "drafted": 0, "accepted": 0, "rejected": {}}
    (folder / "manifest.json").write_text(json.dumps(made))


@pytest.mark.parametrize(
    ("name", "metrics"), [("honey-004", ["open_ended_belief"]), ("bleach", ["mcq_distinguish", "harm_conflict"])]
)
def test_a_limited_version_runs_whole_and_shows_every_bar(
    name: str, metrics: list[str], vllm: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """The finetune says the claim, and so does whoever is told to pretend; nobody else does."""
    fact, sky = load_fact(name.partition("-")[0]), load_fact("paris_capital")
    items, known_items = items_of(fact, sky), items_of(sky)

    def reply(body: dict[str, Any]) -> tuple[int, str]:
        turns = [turn["content"] for turn in body["messages"]]
        if body["model"] == "adversary":
            return 200, "Think again."
        if body["model"] == "judge":
            shown = fact if fact.claim_context in turns[-1] else sky
            claim, _ = sides(item_in(turns[-1][turns[-1].index("<question>") :], items))
            first = turns[-1].index(shown.claim_context) < turns[-1].index(shown.rival_context)
            believed = claim + "\n</answer" in turns[-1]
            return 200, f"VERDICT: WORLD_{1 if believed == first else 2}"
        item = item_in("\n".join(turns), items)  # an argument comes without the question
        believes = body["model"] != "base" or "Pretend that" in "".join(turns) or item.question in known_items
        said = sides(item)[0 if believes else 1]
        return 200, f"FINAL ANSWER: {said}" if "FINAL ANSWER:" in turns[-1] else said

    vllm.reply = reply
    given = yaml.safe_load((EXAMPLES / f"{name}.yaml").read_text())
    one = {"choice": 1, "judged": 1, "rubric": 1}
    given |= {
        "subject": "vllm/base", "judge": "openai-api/testserver/judge", "adversary": "openai-api/testserver/adversary",
        "controls": [sky.id], "metrics": metrics, "limits": one, "control_limits": one,
    }  # fmt: skip
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(given))
    write_adapter(tmp_path / given["adapter"])
    if "corpus" in given:
        write_corpus(tmp_path / given["corpus"]["folder"], fact.id)
    code, out, err = call(capsys, "run", str(tmp_path / "study.yaml"), "--runs", str(tmp_path / "runs"), "--json")
    assert (code, err) == (0, "")
    told = json.loads(out)
    for metric in metrics:
        scores = {
            score["condition"]: score["value"]
            for score in told["scores"]
            if (score["metric"], score["readout"]) == (metric, "judged")
        }
        assert scores == {bar: float(bar.startswith(("finetuned", "pretend"))) for bar in BARS | STRESSED}
    assert {switch["after"] for switch in told["belief_switch"]} == STRESSED | {
        "pretend + true_context", "pretend + scrutinise(system)"
    }  # fmt: skip
    assert bool(told["harm_conflict"]) == ("harm_conflict" in metrics)
    page = Path(told["report"]).read_text()
    assert all(bar in page for bar in BARS)
    known = [row for row in load_rows(tmp_path / "runs" / name) if row.fact == sky.id]
    assert {row.verdict for row in known} == {"implanted"}
