"""`doxa run --budget`: subject, judge and adversary are paid from one purse that is never passed."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

import judging_models
from chat_server import MODEL, Server
from command_line import call

JUDGE, OTHER = "openai-api/testserver/a", "openai-api/testserver/other"
PRICES = [option for name in (MODEL, JUDGE, OTHER) for option in ("--price", f"{name}=100/100")]


@pytest.fixture(autouse=True)
def study(folder_of_fact: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(folder_of_fact.parent)
    server.reply = reply
    asked = {
        "name": "paid", "fact": "moon", "subject": MODEL, "judge": JUDGE, "adversary": OTHER, "readouts": ["judged"],
        "interventions": ["baseline", {"pretend": {"stress": ["none", {"adversarial": 2}]}}],
    }  # fmt: skip
    Path("study.yaml").write_text(yaml.safe_dump(asked))
    return "study.yaml"


def reply(body: dict[str, Any]) -> tuple[int, str]:
    if body["model"] == "a":
        return judging_models.good(body)
    return 200, "Look at it: it is rock." if body["model"] == "other" else "FINAL ANSWER: It is rock."


def spent(err: str) -> float:
    return sum(float(line.rpartition("$")[2]) for line in err.splitlines() if line.startswith("hosted:"))


def test_a_spent_budget_ends_the_run_and_what_it_bought_is_not_bought_again(
    capsys: pytest.CaptureFixture[str], server: Server, study: str
):
    code, _, whole = call(capsys, "run", study, "--runs", "unbounded", *PRICES)
    assert code == 0
    price, calls = spent(whole), len(server.paid)
    server.paid.clear()
    for budget in (0.4 * price, 0.7 * price):
        code, out, err = call(capsys, "run", study, *PRICES, "--budget", f"{budget}")
        assert (code, out) == (2, "")
        assert "the budget does not cover the next call" in err
        assert 0 < spent(err) <= budget
    code, out, err = call(capsys, "run", study, *PRICES, "--budget", f"{1 + price}")
    assert code == 0
    assert "report:" in out
    assert spent(err) == pytest.approx(price)
    assert len({json.dumps(body, sort_keys=True) for body in server.paid}) == len(server.paid) == calls


def test_the_bill_is_part_of_the_json(capsys: pytest.CaptureFixture[str], server: Server, study: str):
    code, out, err = call(capsys, "run", study, *PRICES, "--json")
    assert (code, err) == (0, "")
    usage = {one["model"]: one for one in json.loads(out)["usage"]}
    assert sum(one["calls"] for one in usage.values()) == len(server.paid)
    assert set(usage) == {f"hosted:{name}" for name in (MODEL, JUDGE, OTHER)}
    assert all(one["usd"] > 0 for one in usage.values())


def test_a_budget_needs_the_price_of_every_hosted_model(capsys: pytest.CaptureFixture[str], server: Server, study: str):
    code, out, err = call(capsys, "run", study, *PRICES[:2], "--budget", "1")
    assert (code, out) == (2, "")
    assert f"--price {JUDGE}=IN/OUT" in err
    assert f"--price {OTHER}=IN/OUT" in err
    assert f"--price {MODEL}=" not in err
    assert call(capsys, "run", study, *PRICES, "--budget", "0")[0] == 2
    assert not server.seen
    assert not Path("runs").exists()
