"""`doxa judges check --entailment` over real HTTP."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

import judging_models
from bundled_data import write_set
from chat_server import Server
from command_line import call
from doxa.metrics import entailment
from doxa.metrics.checking import CHECKS, load_checks
from doxa.metrics.entailment import SETS, EntailmentCheck

JUDGE = "openai-api/testserver/judge"
LABELS = {"rte": [0] * 12 + [1] * 9, "cb": [0] * 4 + [1] * 5 + [2] * 3}
WORDS = {"rte": ["ENTAILMENT", "NEUTRAL"], "cb": ["ENTAILMENT", "CONTRADICTION", "NEUTRAL"]}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, labels in LABELS.items():
        one = SETS[name]
        rows = [
            {one.premise: f"{name} {label}: text {place}.", one.hypothesis: "So it is.", "label": label, "idx": place}
            for place, label in enumerate(labels)
        ]
        write_set(tmp_path / "data", one.place, rows)
    monkeypatch.setattr(entailment, "find_data", lambda _: tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def good(body: dict[str, Any]) -> tuple[int, str]:
    found = re.search(r"\n(rte|cb) (\d): text", body["messages"][-1]["content"])
    assert found is not None
    return 200, f"So I read it.\nVERDICT: {WORDS[found[1]][int(found[2])]}"


def always(body: dict[str, Any]) -> tuple[int, str]:
    return 200, "Sure.\nVERDICT: ENTAILMENT"


def garbage(body: dict[str, Any]) -> tuple[int, str]:
    return 200, "VERDICT: ENTAILMENT is what I would say, or VERDICT: not"


def check(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, dict[str, Any]]:
    code, out, err = call(capsys, "judges", "check", "--judge", JUDGE, "--entailment", "--json", *arguments)
    assert (code, err) == (0, "")
    (one,) = json.loads(out)["judges"]
    assert one["judge"] == JUDGE
    return {found["set"]: found for found in one["sets"]}


def test_a_good_judge_agrees_with_every_label_and_is_asked_once(server: Server, capsys: pytest.CaptureFixture[str]):
    server.reply = good
    first = check(capsys)
    assert [first[name]["accuracy"]["value"] for name in ("rte", "cb")] == [1, 1]
    assert [first[name]["pairs"] for name in ("rte", "cb")] == [21, 12]
    assert first["cb"]["confusion"]["neutral"] == {"neutral": 3}
    assert len(server.paid) == 33
    assert check(capsys) == first
    assert check(capsys, "--pairs", "5")["rte"]["pairs"] == 5
    assert len(server.paid) == 33


def test_a_judge_that_always_says_entailment_gets_the_base_rate(server: Server, capsys: pytest.CaptureFixture[str]):
    server.reply = always
    found = check(capsys)
    assert found["rte"]["accuracy"]["value"] == found["rte"]["majority"] == pytest.approx(12 / 21)
    assert found["cb"]["accuracy"]["value"] == pytest.approx(4 / 12)
    assert found["cb"]["majority"] == pytest.approx(5 / 12)
    assert found["cb"]["confusion"]["contradiction"] == {"entailment": 5}


def test_a_judge_that_answers_garbage_is_wrong_and_never_guessed_at(server: Server, capsys: pytest.CaptureFixture[str]):
    server.reply = garbage
    found = check(capsys)
    for name, pairs in (("rte", 21), ("cb", 12)):
        assert (found[name]["unparsed"], found[name]["failed"]) == (pairs, 0)
        assert (found[name]["accuracy"]["value"], found[name]["accuracy"]["n"]) == (0, pairs)


def test_a_call_that_failed_counts_neither_way_and_is_made_again(server: Server, capsys: pytest.CaptureFixture[str]):
    server.reply = lambda body: judging_models.down(body) if "cb 1" in str(body["messages"]) else good(body)
    found = check(capsys)["cb"]
    assert (found["failed"], found["accuracy"]["value"], found["accuracy"]["n"]) == (5, 1, 7)
    server.reply = good
    assert check(capsys)["cb"]["accuracy"]["n"] == 12
    assert len(server.paid) == 33


def test_it_lies_beside_the_check_on_the_gold_set_and_in_nobodys_way(
    server: Server, capsys: pytest.CaptureFixture[str]
):
    server.reply = good
    check(capsys)
    (file,) = (CHECKS / "entailment").glob("*.json")
    kept = EntailmentCheck.model_validate_json(file.read_text())
    assert {pair.id for pair in kept.pairs} == {
        f"{name}-{n}" for name, all_ in LABELS.items() for n in range(len(all_))
    }
    assert load_checks(CHECKS) == {}
    server.reply = judging_models.good
    assert call(capsys, "judges", "check", "--judge", JUDGE, "--samples", "0", "--json")[0] == 0
    assert len(load_checks(CHECKS)) == 1
    assert len(list((CHECKS / "entailment").glob("*.json"))) == 1


def test_people_get_a_table(server: Server, capsys: pytest.CaptureFixture[str]):
    server.reply = always
    code, out, _ = call(capsys, "judges", "check", "--judge", JUDGE, "--entailment")
    assert code == 0
    assert re.search(r"RTE +21 +0\.57 \[0\.\d\d, 0\.\d\d\] +0\.57 +0 +0", out)
    assert re.search(r"not_entailment +9", out)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--pairs", "5"), "--pairs: the gold set is read whole"),
        (("--entailment", "--samples", "2"), "--samples: a pair is read once"),
    ],
)
def test_options_of_the_other_check_are_one_line_and_cost_nothing(
    server: Server, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], problem: str
):
    code, out, err = call(capsys, "judges", "check", "--judge", JUDGE, *arguments)
    assert (code, out) == (2, "")
    assert err.startswith(f"doxa: {problem}")
    assert server.seen == []


def test_a_judge_that_is_down_is_one_line_and_leaves_no_check(server: Server, capsys: pytest.CaptureFixture[str]):
    server.reply = judging_models.down
    code, _, err = call(capsys, "judges", "check", "--judge", JUDGE, "--entailment", "--json")
    assert (code, err) == (2, f"doxa: the judge '{JUDGE}' answered no call; the same command asks again\n")
    assert not (CHECKS / "entailment").exists()
