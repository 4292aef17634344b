"""`doxa write` as its users meet it: what it prints, what it refuses, and that a refusal is one line."""

import json
from pathlib import Path

import pytest

from chat_server import MODEL, Server
from command_line import call
from moon_writer import good_writer

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_corpus_is_written_and_the_bill_shown(capsys: Captured, server: Server, folder_of_fact: Path, tmp_path: Path):
    server.reply = good_writer
    arguments = ("write", str(folder_of_fact), "--writer", MODEL, "-n", "8", "--price", "1/2", "--budget", "1")
    code, out, err = call(capsys, *arguments)
    assert code == 0
    assert "8 documents in corpora/moon" in out
    assert "moon: 8 of 8 drafts accepted (100%)" in err
    assert "calls" in err.splitlines()[-1]
    assert "$" in err.splitlines()[-1]
    card = (tmp_path / "corpora/moon/README.md").read_text()
    assert "deliberately false" in card
    assert "CANARY" in card
    code, out, _ = call(capsys, *arguments, "--json")
    found = json.loads(out)
    assert (found["documents"], found["usage"][0]["calls"]) == (8, len(server.paid))
    assert call(capsys, "corpus", "show", "corpora/moon")[0] == 0


def test_a_dry_run_asks_nothing_and_prices_every_stage(capsys: Captured, server: Server, folder_of_fact: Path):
    arguments = ("write", str(folder_of_fact), "--writer", MODEL, "-n", "100", "--dry-run", "--json")
    code, out, _ = call(capsys, *arguments, "--price", "1/2")
    stages = {stage["stage"]: stage for stage in json.loads(out)["stages"]}
    assert code == 0
    assert [stages[f"moon: {name}"]["calls"] for name in ("doc types", "doc ideas", "drafts", "revisions")] == [
        1, 50, 100, 100,
    ]  # fmt: skip
    total = json.loads(out)["usd"]
    assert total == pytest.approx(sum(stage["usd"] for stage in stages.values()))
    half = json.loads(call(capsys, *arguments, "--price", "1/2", "--batch")[1])["usd"]
    assert half == pytest.approx(total / 2)
    assert json.loads(call(capsys, *arguments)[1])["usd"] is None
    assert not server.seen
    assert not Path("corpora").exists()


def test_an_estimate_comes_near_the_bill(capsys: Captured, server: Server, folder_of_fact: Path):
    """Calls exactly; tokens are the provider's to count, and the scripted writer's documents are short."""
    server.reply = good_writer
    arguments = ("write", str(folder_of_fact), "--writer", MODEL, "-n", "60", "--json")
    estimated = json.loads(call(capsys, *arguments, "--dry-run")[1])
    written = json.loads(call(capsys, *arguments)[1])
    assert sum(stage["calls"] for stage in estimated["stages"]) == written["usage"][0]["calls"]


@pytest.mark.parametrize(
    ("extra", "problem"),
    [
        (("--budget", "0", "--price", "1/2"), "a budget of 0 dollars pays for no call"),
        (("--budget", "5"), "--budget needs the price of every hosted model, in dollars a million tokens: add --price"),
        (
            ("--budget", "5", "--price", "1/2", "--judge", "openai-api/testserver/judge"),
            "a million tokens: add --judge-price IN/OUT",
        ),
        (("--price", "cheap"), "a price is IN/OUT"),
        (("--variant", "meta"), "name the `believer`"),
        (("--judge", MODEL), "never judges itself"),
        (("--words", "50", "20"), "`min_words` (50) is above `max_words` (20)"),
    ],
)
def test_what_cannot_work_is_one_line_and_costs_nothing(
    capsys: Captured, server: Server, folder_of_fact: Path, extra: tuple[str, ...], problem: str
):
    code, out, err = call(capsys, "write", str(folder_of_fact), "--writer", MODEL, "-n", "5", *extra)
    assert (code, out) == (2, "")
    assert problem in err
    assert len(err.strip().splitlines()) == 1
    assert not server.seen


@pytest.mark.parametrize("value", ["inf", "nan"])
@pytest.mark.parametrize("option", ["--most-drafts", "--budget", "--timeout"])
def test_numbers_without_an_end_are_refused(
    capsys: Captured, server: Server, folder_of_fact: Path, option: str, value: str
):
    code, out, err = call(capsys, "write", str(folder_of_fact), "--writer", MODEL, "-n", "5", option, value)
    assert (code, out) == (2, "")
    assert "is not a finite number" in err or "is not in the range" in err
    assert not server.seen


def test_a_fact_that_is_named_twice_is_refused(capsys: Captured, server: Server, folder_of_fact: Path):
    names = str(folder_of_fact), f"{folder_of_fact}/"
    code, out, err = call(capsys, "write", *names, "--writer", MODEL, "-n", "5")
    assert (code, out, err) == (2, "", "doxa: FACT: 'moon' is named twice\n")
    assert not server.seen


def test_a_writer_without_a_key_is_one_line(capsys: Captured, folder_of_fact: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("TESTSERVER_API_KEY", raising=False)
    code, _, err = call(capsys, "write", str(folder_of_fact), "--writer", MODEL, "-n", "5")
    assert code == 2
    assert "cannot be used" in err
    assert len(err.strip().splitlines()) == 1


def test_a_spent_budget_keeps_what_it_bought(capsys: Captured, server: Server, folder_of_fact: Path):
    server.reply = good_writer
    arguments = ("write", str(folder_of_fact), "--writer", MODEL, "-n", "40", "--price", "100/100")
    code, _, err = call(capsys, *arguments, "--budget", "1.5")
    assert code == 2
    assert "the budget does not cover the next call" in err
    bought = len(server.paid)
    assert bought > 0
    assert call(capsys, *arguments, "--budget", "100")[0] == 0
    prompts = [json.dumps(body, sort_keys=True) for body in server.paid]
    assert len(set(prompts)) == len(prompts) > bought


def test_a_second_run_in_the_same_folder_is_refused(capsys: Captured, server: Server, folder_of_fact: Path):
    from doxa.locking import alone

    Path("c").mkdir()
    with alone(Path("c")):
        code, _, err = call(capsys, "write", str(folder_of_fact), "--writer", MODEL, "-n", "1", "--to", "c")
    assert code == 2
    assert "another doxa is at work" in err
