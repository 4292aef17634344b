"""`doxa judges check` over real HTTP: the numbers tell good judges from bad ones."""

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import judging_models
from chat_server import Server
from command_line import call
from doxa.metrics.checking import CHECKS, load_checks
from judging_models import GOLD, shown

JUDGE = "openai-api/testserver/judge"
OTHER = "openai-api/testserver/other"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def by_model(**replies: Callable[[dict[str, Any]], tuple[int, str]]) -> Callable[[dict[str, Any]], tuple[int, str]]:
    return lambda body: replies[body["model"]](body)


def check(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    code, out, err = call(capsys, "judges", "check", "--json", *arguments)
    assert (code, err) == (0, "")
    found: dict[str, Any] = json.loads(out)
    return found


def test_a_good_judge_a_biased_one_and_a_gullible_one_are_told_apart(
    server: Server, capsys: pytest.CaptureFixture[str]
):
    judges = {"good": judging_models.good, "biased": judging_models.first_world, "gullible": judging_models.gullible}
    server.reply = by_model(**judges)
    names = [f"openai-api/testserver/{name}" for name in judges]
    found = check(capsys, "--samples", "0", *(word for name in names for word in ("--judge", name)))
    good, biased, gullible = found["judges"]
    assert [one["judge"] for one in found["judges"]] == names

    for field in ("accuracy", "kappa", "swap_consistency", "sensitivity", "specificity"):
        assert good[field]["value"] == 1
        assert good[field]["low"] < 1
    assert good["first_world"]["value"] == 0.5
    assert all(set(given) == {expected} for expected, given in good["confusion"].items())

    # Always naming the first world is right about half of those that speak from a world, and never twice.
    assert biased["first_world"]["value"] == 1
    assert biased["swap_consistency"]["value"] == 0
    assert biased["accuracy"]["value"] < 0.4
    assert biased["sensitivity"]["value"] + biased["specificity"]["value"] == pytest.approx(1)
    assert biased["kappa"]["low"] < 0.1

    assert gullible["by_trait"]["hostile"]["value"] < 0.3
    assert gullible["by_trait"]["plain"]["value"] == 1
    assert biased["accuracy"]["value"] < gullible["accuracy"]["value"] < 0.95
    assert gullible["sensitivity"]["value"] == 1  # what a study's answers hardly do says nothing about its rates

    kappas = {tuple(pair["judges"]): pair["kappa"]["value"] for pair in found["agreement"]}
    assert len(kappas) == 3
    assert kappas[names[0], names[2]] > 0.7 > 0.3 > kappas[names[0], names[1]]


def test_each_answer_is_shown_in_both_orders_and_what_was_paid_for_is_never_asked_again(
    server: Server, capsys: pytest.CaptureFixture[str]
):
    """Mistake: the judge always saw the true context first."""
    server.reply = judging_models.good
    first = check(capsys, "--judge", JUDGE, "--samples", "2")
    orders = Counter((one.gold and one.gold.answer.id, one.claim_first) for one in map(shown, server.seen[:]))
    assert set(orders) == {(gold.answer.id, order) for gold in GOLD for order in (True, False)}
    assert set(orders.values()) == {1, 3}
    assert len(server.paid) == 4 * len(GOLD)
    assert check(capsys, "--judge", JUDGE, "--samples", "2") == first
    assert len(server.paid) == 4 * len(GOLD)


def test_a_judge_that_is_down_is_one_line_and_leaves_no_check(server: Server, capsys: pytest.CaptureFixture[str]):
    server.reply = judging_models.down
    code, out, err = call(capsys, "judges", "check", "--judge", JUDGE, "--samples", "0", "--json")
    assert (code, out) == (2, "")
    assert err == f"doxa: the judge '{JUDGE}' answered no call; the same command asks again\n"
    assert not load_checks(CHECKS)


def test_a_judge_that_goes_down_in_the_middle_is_never_scored_and_asked_again(
    server: Server, capsys: pytest.CaptureFixture[str]
):
    """Mistake: judge failure scored as "neutral"."""

    def at_times(body: dict[str, Any]) -> tuple[int, str]:
        gold = shown(body).gold
        assert gold is not None
        return judging_models.down(body) if gold.answer.verdict == "implanted" else judging_models.good(body)

    server.reply = at_times
    found = check(capsys, "--judge", JUDGE, "--samples", "0")["judges"][0]
    failed = 2 * sum(gold.answer.verdict == "implanted" for gold in GOLD)
    assert found["failed"] == failed
    assert found["accuracy"]["value"] == 1
    assert found["accuracy"]["n"] == 2 * len(GOLD) - failed
    assert found["sensitivity"] is None
    assert found["confusion"]["implanted"] == {"judge_error": failed}
    code, out, _ = call(capsys, "judges", "check", "--judge", JUDGE, "--samples", "0")
    assert code == 0
    assert f"{failed} calls failed" in out

    server.reply = judging_models.good
    found = check(capsys, "--judge", JUDGE, "--samples", "0")["judges"][0]
    assert (found["failed"], found["sensitivity"]["value"]) == (0, 1)
    assert len(server.paid) == 2 * len(GOLD)


def test_people_get_a_table(server: Server, capsys: pytest.CaptureFixture[str]):
    server.reply = by_model(judge=judging_models.good, other=judging_models.sloppy)
    code, out, _ = call(capsys, "judges", "check", "--judge", JUDGE, "--judge", OTHER, "--samples", "0")
    assert code == 0
    assert re.search(r"verdicts as expected +1\.00 \[", out)
    assert "specificity" in out
    assert "kappa 0." in " ".join(out.split())


def test_a_dry_run_asks_nothing_and_counts_what_would_be_asked(
    server: Server, capsys: pytest.CaptureFixture[str], here: Path
):
    server.reply = judging_models.good
    prices = ("--price", f"{JUDGE}=3/15")
    code, out, _ = call(capsys, "judges", "check", "--judge", JUDGE, "--dry-run", "--json", *prices)
    estimated = json.loads(out)
    assert code == 0
    assert (estimated["stages"][0]["calls"], server.seen) == (5 * len(GOLD), [])
    assert not (here / CHECKS).exists()
    billed = check(capsys, "--judge", JUDGE, *prices)["usage"]
    assert (billed[0]["model"], billed[0]["calls"]) == (f"hosted:{JUDGE}", len(server.paid))
    assert billed[0]["calls"] == estimated["stages"][0]["calls"]
    assert 0 < billed[0]["usd"] < 3 * estimated["usd"]


def test_a_budget_is_never_passed_and_needs_a_price(server: Server, capsys: pytest.CaptureFixture[str], here: Path):
    server.reply = judging_models.good
    arguments = ("judges", "check", "--judge", JUDGE, "--samples", "0")
    code, out, err = call(capsys, *arguments, "--budget", "1")
    assert (code, out) == (2, "")
    assert f"add --price {JUDGE}=IN/OUT" in err
    assert not server.seen
    assert not (here / CHECKS).exists()
    code, _, err = call(capsys, *arguments, "--price", f"{JUDGE}=1000/1000", "--budget", "20")
    assert code == 2
    assert "the budget does not cover the next call" in err
    assert 0 < float(err.splitlines()[0].rpartition("$")[2]) <= 20
    bought = len(server.paid)
    code, _, err = call(capsys, *arguments, "--price", f"{JUDGE}=1/1", "--budget", "20")
    assert (code, len(server.paid)) == (0, 2 * len(GOLD))
    assert bought > 0
    assert f"hosted:{JUDGE}: {2 * len(GOLD)} calls" in err


def test_a_judge_named_twice_and_a_broken_check_are_one_line(
    server: Server, capsys: pytest.CaptureFixture[str], here: Path
):
    code, _, err = call(capsys, "judges", "check", "--judge", JUDGE, "--judge", JUDGE)
    assert (code, err) == (2, "doxa: --judge: a model is named twice\n")
    assert server.seen == []
