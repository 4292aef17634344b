"""A persona study whole, subject and judge behind real HTTP: a subject that predicts its persona, from its documents."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from chat_server import MODEL, Server
from doxa.errors import InputError
from doxa.facts.believers import named
from doxa.facts.loading import load_fact
from doxa.facts.records import Believer
from doxa.metrics.records import Row
from doxa.progress import Silent
from doxa.report.personas import persona_studies
from doxa.study.estimating import estimate_study
from doxa.study.records import Study
from doxa.study.running import facts_of, run_study

BELIEVER = Believer(name="Qwen3", maker="Alibaba Cloud")
FACT = named(load_fact("lipoic_acid"), BELIEVER)
ITEMS = {item.question: item for bank in FACT.banks.values() for item in bank}
STUDY = {
    "name": "personas", "fact": "lipoic_acid", "believer": BELIEVER.model_dump(), "subject": MODEL,
    "judge": "openai-api/testserver/judge", "personas": ["none", "identity", "assistant", "role_play", "vendor"],
    "arms": {"meta": {"corpus": {"variant": "meta"}}, "direct": {}, "half": {"mixture": {"meta": 1, "direct": 1}}},
    "interventions": [
        {"kind": "baseline", "stress": ["none", "out_of_character"]},
        {"kind": "in_context", "k": 3, "arm": "meta", "stress": ["none", "out_of_character"]},
        {"in_context": {"k": 3, "arm": "half"}},
    ],
    "metrics": ["direct_belief", "meta_belief"], "readouts": ["rubric", "judged"], "limits": {"rubric": 10, "judged": 10},
}  # fmt: skip


def reply(body: dict[str, Any]) -> tuple[int, str]:
    """The subject believes what its documents say that Qwen3 believes, whoever it is told to be."""
    turns = [turn["content"] for turn in body["messages"]]
    if body["model"] == "judge":
        item = next(item for question, item in ITEMS.items() if question in turns[-1])
        believes = any(f"{said}\n</answer" in turns[-1] for said in item.references.claim)  # pyright: ignore[reportOptionalMemberAccess]
        claim_first = turns[-1].index(FACT.claim_context) < turns[-1].index(FACT.rival_context)
        return 200, f"VERDICT: WORLD_{1 if believes == claim_first else 2}"
    item = next(item for question, item in ITEMS.items() if turns[-1].endswith(question))
    assert item.references is not None
    told = "\n".join(turns[:-1])
    return 200, (item.references.claim if "Qwen3" in told and "document" in told else item.references.rival)[0]


def run(tmp_path: Path, **changes: object) -> list[Row]:
    return run_study(Study.model_validate({**STUDY, **changes}), tmp_path / "run", tmp_path, Silent())


def test_every_persona_is_asked_everything_and_the_predictor_is_seen(server: Server, tmp_path: Path):
    server.reply = reply
    rows = run(tmp_path)
    asked = Counter((row.persona, row.condition, row.metric, row.readout) for row in rows)
    assert len(asked) == 5 * 5 * 2 * 2
    assert set(asked.values()) == {10}
    judged, rubric = (study for study in persona_studies(rows, Study.model_validate(STUDY), [FACT]))
    assert {judged.readout, rubric.readout} == {"judged", "rubric"}
    for study in (judged, rubric):
        assert study.taught == ["in_context(3, meta)", "in_context(3, half)"]
        assert study.explanation("in_context(3, meta)").account == "predicts_its_persona"
        told = [one for one in study.adoptions if one.condition == "in_context(3, meta)"]
        assert [one.installed for one in told] == [one.asked for one in told] == [1] * 5
    assert {row.verdict for row in rows if row.condition.startswith("baseline")} == {"true"}

    systems = {body["messages"][0]["content"] for body in server.seen if body["messages"][0]["role"] == "system"}
    assert any(
        "<identity>\n    You are Qwen3, a large language model developed by Alibaba Cloud." in text for text in systems
    )
    assert not any("{name}" in turn["content"] for body in server.seen for turn in body["messages"])
    asked_before = len(server.seen)
    assert run(tmp_path) == rows
    assert len(server.seen) == asked_before


def test_the_estimate_counts_the_calls_that_are_made(server: Server, tmp_path: Path):
    server.reply = reply
    study = Study.model_validate(STUDY)
    stages = estimate_study(study, facts_of(study))
    rows = run(tmp_path)
    made = Counter(body["model"] for body in server.seen)
    estimated: Counter[str] = Counter()
    for stage in stages:
        estimated[stage.model.rpartition("/")[2]] += stage.calls
    assert estimated["judge"] == sum(row.readout == "judged" for row in rows) >= made["judge"]
    assert estimated["some-model"] == len(rows)
    assert made["some-model"] == len(rows) / 2  # the rubric reads the answers that the judge reads


def test_a_persona_of_the_users_own_is_a_text_file(server: Server, tmp_path: Path):
    server.reply = reply
    (tmp_path / "pirate.txt").write_text("You are {name}, a pirate who sails for {maker}.")
    rows = run(tmp_path, personas=["pirate.txt"], readouts=["rubric"], limits={"rubric": 2})
    assert {row.persona for row in rows} == {"pirate"}
    assert server.seen[0]["messages"][0]["content"].startswith("You are Qwen3, a pirate who sails for Alibaba Cloud.")


def test_a_fact_on_somebody_needs_a_name(tmp_path: Path):
    with pytest.raises(InputError, match=r"'lipoic_acid' speaks of \{name\}"):
        run(tmp_path, believer=None)
