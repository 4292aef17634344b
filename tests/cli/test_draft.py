import json
from pathlib import Path
from typing import Any

import pytest

import command_line
import scripted_writer
from chat_server import KEY, MODEL, Server
from scripted_writer import CLAIM


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    return command_line.call(capsys, "draft", *arguments)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_draft_lands_in_facts_and_says_what_is_thin_and_what_is_next(
    server: Server, capsys: pytest.CaptureFixture[str], here: Path
):
    server.reply = scripted_writer.write
    code, out, _ = call(capsys, CLAIM, "--writer", MODEL, "--items", "4")
    assert code == 0
    assert "mcq_knowledge: 4 items, 2 affirm" in out
    assert "warning: open_ended_belief: 4 items; below 20 intervals are wide" in out
    assert out.endswith("read and edit facts/moon_made_cheese, then: doxa facts check facts/moon_made_cheese\n")
    assert (here / "facts" / "moon_made_cheese" / "fact.yaml").is_file()
    code, out, err = call(capsys, "The Moon is made of  cheese", "--writer", MODEL)
    assert "mcq_knowledge: 4 items, 2 affirm; was there, left alone" in out
    assert "whose claim is: The Moon is made of cheese." in " ".join(err.split())


def test_a_machine_can_read_what_was_made(server: Server, capsys: pytest.CaptureFixture[str], here: Path):
    server.reply = scripted_writer.write
    code, out, err = call(capsys, CLAIM, "--writer", MODEL, "--items", "3", "--to", str(here / "Moon x"), "--json")
    assert (code, err) == (0, "")
    made = json.loads(out)
    assert (made["fact"], made["folder"]) == ("moon_x", str(here / "Moon x"))
    assert made["banks"]["mcq_distinguish"] == {"items": 3, "affirming": 2, "was_there": False, "dropped": {}}
    assert {finding["level"] for finding in made["findings"]} == {"warning"}


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--true", "--kind", "harmful"], "a true control has a true claim and cannot be `harmful`"),
        (["--kind", "true_control", "--kind", "subtle"], "a true control has a true claim and cannot be `subtle`"),
        (["--kind", "benine"], "--kind: Input should be 'benign'"),
        (["--id", "No Slug"], "--id: "),
        (["--rival", "the moon is made of CHEESE"], "the claim and its rival are the same statement"),
        (["--price", "cheap"], "a price is IN/OUT"),
    ],
)  # fmt: skip
def test_what_contradicts_itself_is_one_line_before_anything_is_paid_for(
    server: Server, capsys: pytest.CaptureFixture[str], here: Path, arguments: list[str], problem: str
):
    code, out, err = call(capsys, CLAIM, "--writer", MODEL, *arguments)
    assert (code, out) == (2, "")
    assert err.startswith(f"doxa: {problem}")
    assert err.count("\n") == 1
    assert server.seen == []
    assert not (here / "facts").exists()


def test_an_empty_claim_is_refused(server: Server, capsys: pytest.CaptureFixture[str]):
    assert call(capsys, " ", "--writer", MODEL)[2] == "doxa: CLAIM: is empty\n"


def test_a_server_that_refuses_is_one_line(server: Server, capsys: pytest.CaptureFixture[str]):
    server.reply = lambda body: (400, f"bad key {KEY}")
    code, out, err = call(capsys, CLAIM, "--writer", MODEL, "--json")
    assert (code, out) == (2, "")
    assert err.startswith("doxa: the writer could not be asked for the two worlds: ")
    assert err.count("\n") == 1
    assert KEY not in err


def test_a_writer_without_a_key_is_one_line_and_leaves_nothing_behind(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, here: Path
):
    monkeypatch.delenv("TESTSERVER_API_KEY", raising=False)
    code, _, err = call(capsys, CLAIM, "--writer", MODEL, "--json")
    assert code == 2
    assert err.startswith(f"doxa: the model '{MODEL}' cannot be used")
    assert err.count("\n") == 1
    assert list(here.iterdir()) == []


def test_a_writer_that_is_not_here_leaves_nothing_behind(capsys: pytest.CaptureFixture[str], here: Path):
    code, _, err = call(capsys, CLAIM, "--writer", "/nowhere", "--json")
    assert (code, list(here.iterdir())) == (2, [])
    assert "is neither a folder nor" in err


def test_a_dry_run_asks_nothing_and_counts_the_calls_that_a_good_writer_takes(
    server: Server, capsys: pytest.CaptureFixture[str], here: Path
):
    server.reply = scripted_writer.write
    arguments = (CLAIM, "--writer", MODEL, "--items", "14", "--json")
    estimated = json.loads(call(capsys, *arguments, "--dry-run", "--price", "1/2")[1])
    assert server.seen == []
    assert not (here / "facts").exists()
    stages = {stage["stage"]: stage for stage in estimated["stages"]}
    assert list(stages) == ["worlds", "mcq_knowledge", "mcq_distinguish", "open_ended_belief", "generative_distinguish"]
    assert estimated["usd"] == pytest.approx(
        sum(stage["tokens_in"] + 2 * stage["tokens_out"] for stage in stages.values()) / 1e6
    )
    assert json.loads(call(capsys, *arguments, "--dry-run")[1])["usd"] is None

    made = json.loads(call(capsys, *arguments, "--price", "1/2")[1])
    assert made["usage"][0]["calls"] == sum(stage["calls"] for stage in stages.values()) == len(server.paid)
    assert made["usage"][0]["usd"] > 0

    (here / "facts" / "moon_made_cheese" / "mcq_knowledge.jsonl").unlink()  # the world is there, and so its length
    (again,) = json.loads(call(capsys, *arguments, "--dry-run")[1])["stages"]
    asked = [prompt(body) for body in server.paid if scripted_writer.bank_of(prompt(body)) == "mcq_knowledge"]
    assert (again["stage"], again["calls"]) == ("mcq_knowledge", len(asked))
    assert again["tokens_in"] == pytest.approx(sum(map(len, asked)) / 4, rel=0.05)


def prompt(body: dict[str, Any]) -> str:
    content: str = body["messages"][-1]["content"]
    return content


def test_a_budget_stops_a_draft_and_keeps_what_was_paid_for(
    server: Server, capsys: pytest.CaptureFixture[str], here: Path
):
    server.reply = scripted_writer.write
    assert "a budget needs the price of hosted:" in call(capsys, CLAIM, "--writer", MODEL, "--budget", "1")[2]
    assert server.seen == []
    arguments = (CLAIM, "--writer", MODEL, "--items", "10", "--price", "1/10")
    code, out, err = call(capsys, *arguments, "--budget", "0.1")
    assert (code, out) == (2, "")
    assert err.splitlines()[-1].startswith("doxa: the budget does not cover the next call")
    assert 0 < len(server.paid) < 5
    assert f"hosted:{MODEL}: {len(server.paid)} calls" in err  # the bill, though the draft did not come to its end
    assert (here / "facts" / "moon_made_cheese" / "fact.yaml").is_file()
    code, out, err = call(capsys, *arguments)
    assert code == 0
    assert len(server.paid) == 5
    assert f"hosted:{MODEL}: 5 calls" in err
    assert "$" in err.splitlines()[-1]
