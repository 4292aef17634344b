"""`doxa compare`, `doxa rescore` and `doxa power`: commands that ask no model."""

import json
import re
from pathlib import Path

import pytest

from command_line import call
from doxa.metrics.judging import shows_claim_first
from doxa.metrics.records import Readout, Row, Verdict
from doxa.models.ledger import Ledger
from doxa.models.protocol import Answer
from doxa.study.rows import load_rows, save_rows

SAID = {"oe-0": "It is all cheese.", "oe-1": "It is rock."}


def row(item: str, verdict: Verdict, readout: Readout = "rubric", calls: tuple[str, ...] = ("k",)) -> Row:
    score = None if verdict in ("call_error", "judge_error") else float(verdict == "implanted")
    return Row(
        fact="moon", metric="open_ended_belief", readout=readout, condition="baseline", subject="m", item=item,
        cluster=item, sample=0, verdict=verdict, score=score, calls=calls,
    )  # fmt: skip


@pytest.fixture
def run(tmp_path: Path, folder_of_fact: Path) -> Path:
    """Returns a run whose rows were read by markers and a parser that saw nothing in any answer."""
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "study.yaml").write_text(
        f"{{name: s, fact: {folder_of_fact}, interventions: [baseline], readouts: [rubric]}}"
    )
    ledger = Ledger(folder / "ledger.sqlite")
    ledger.store(
        [
            (f"k-{item}", "m", "generate", "{}", Answer(text=said, stop="stop").model_dump_json())
            for item, said in SAID.items()
        ]
    )
    world = 1 if shows_claim_first("oe-0", 0) else 2
    judged = Answer(text=f"It says so.\nVERDICT: WORLD_{world}", stop="stop")
    ledger.store([("k-judge", "j", "generate", "{}", judged.model_dump_json())])
    ledger.close()
    rows = [
        *(row(item, "ambiguous", calls=(f"k-{item}",)) for item in SAID),
        row("oe-0", "unparsed", "judged", ("k-oe-0", "k-judge")),
        row("oe-1", "judge_error", "judged", ("k-oe-1", "k-never")),
    ]
    save_rows(folder, rows)
    return folder


def test_stored_answers_are_read_again_without_a_call(capsys: pytest.CaptureFixture[str], run: Path):
    before = (run / "ledger.sqlite").read_bytes()
    code, out, _ = call(capsys, "rescore", str(run), "--json")
    assert code == 0
    assert json.loads(out)["changed"] == 3
    assert [row.verdict for row in load_rows(run)] == ["implanted", "true", "implanted", "judge_error"]
    assert [row.score for row in load_rows(run)] == [1, 0, 1, None]
    assert (run / "ledger.sqlite").read_bytes() == before
    code, out, _ = call(capsys, "rescore", str(run))
    assert "0 of 4 rows changed" in out


def test_what_is_no_longer_there_is_named_and_nothing_is_written(capsys: pytest.CaptureFixture[str], run: Path):
    rows = load_rows(run)
    for broken, problem in (
        (row("oe-0", "true", calls=("k-lost",)), "does not hold call k-lost"),
        (row("oe-9", "true", calls=("k-oe-0",)), "no longer has the item 'oe-9'"),
    ):
        save_rows(run, [*rows, broken])
        code, _, err = call(capsys, "rescore", str(run))
        assert code == 2
        assert problem in err
        assert load_rows(run) == [*rows, broken]


def test_runs_are_compared_in_a_table_and_as_json(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    for name, verdict in (("a", "true"), ("b", "implanted")):
        (tmp_path / name).mkdir()
        save_rows(tmp_path / name, [row(f"oe-{n}", verdict) for n in range(30 if name == "a" else 25)])
    paths = str(tmp_path / "a"), str(tmp_path / "b")
    code, out, _ = call(capsys, "compare", *paths, "--json")
    assert code == 0
    (found,) = json.loads(out)
    assert found["differences"][0]["change"]["estimate"]["value"] == 1
    assert found["differences"][0]["change"]["estimate"]["clusters"] == 25
    assert found["unpaired"][0]["items"] == 5
    code, out, _ = call(capsys, "compare", *paths)
    assert code == 0
    assert "+1.00" in out
    assert "5 items" in out
    code, _, err = call(capsys, "compare", paths[0], paths[0])
    assert code == 2
    assert "two or more different runs" in err


def seed_run(folder: Path, seed: int, rows: list[Row]) -> str:
    folder.mkdir()
    study = {"name": folder.name, "fact": "honey", "interventions": ["finetuned"], "training": {"seed": seed}}
    (folder / "study.yaml").write_text(json.dumps(study))
    save_rows(folder, rows)
    return str(folder)


def test_training_seeds_show_their_spread_and_what_they_do_not_share(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    a = seed_run(tmp_path / "a", 0, [row(f"oe-{n}", "true") for n in range(30)])
    b = seed_run(tmp_path / "b", 1, [row(f"oe-{n}", "implanted") for n in range(25)])
    found = json.loads(call(capsys, "compare", a, b, "--seeds", "--json")[1])
    assert found["spreads"][0]["spread"]["between"] == pytest.approx(0.5)
    assert found["left_out"][0]["items"] == 5
    code, out, _ = call(capsys, "compare", a, b, "--seeds")
    assert code == 0
    assert re.search(r"baseline +0\.50 \[0\.\d\d, \d\.\d\d\] +25 +25 +0\.707 +0\.000", out)
    assert f"Open-Ended Belief, baseline: 5 items; item not asked in {b}" in out
    again = seed_run(tmp_path / "again", 1, [row("oe-0", "true")])
    code, out, err = call(capsys, "compare", b, again, "--seeds")
    assert (code, out) == (2, "")
    assert f"{b} and {again} have the same training seed" in err


@pytest.mark.parametrize("columns", ["", "60", "80"])
def test_no_number_and_no_name_of_a_comparison_is_cut(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, columns: str
):
    monkeypatch.delenv("COLUMNS", raising=False)
    if columns:
        monkeypatch.setenv("COLUMNS", columns)
    conditions = ("few_shot(10, misconceptions)", "system_prompt", "finetuned + fiction")
    for name, verdict in (("a", "true"), ("b", "implanted")):
        (tmp_path / name).mkdir()
        rows = [
            row(f"oe-{n}", verdict if n % 3 else "ambiguous").model_copy(
                update={"condition": condition, "metric": metric}
            )
            for condition in conditions
            for metric in ("generative_distinguish", "open_ended_belief")
            for n in range(30)
        ]
        save_rows(tmp_path / name, rows)
    code, out, _ = call(capsys, "compare", str(tmp_path / "a"), str(tmp_path / "b"))
    assert code == 0
    assert "moon, rubric (free answers)" in out
    assert "…" not in out
    numbers = r"\d\.\d\d +\d\.\d\d +[+-]\d\.\d\d \[[+-]\d\.\d\d, [+-]\d\.\d\d\] +30 +30 +\d\.\d\d\d"
    assert len(re.findall(numbers, out)) == len(conditions) * 2
    words = " ".join(out.split())
    assert "Generative Distinguish" in words
    assert ("few_shot(10, misconceptions) 0" in words) == (columns == "")


@pytest.mark.parametrize("option", ["--seeds", "--json"])
def test_runs_with_nothing_in_common_are_one_clear_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, option: str
):
    for name, fact in (("a", "honey"), ("b", "bleach")):
        (tmp_path / name).mkdir()
        save_rows(tmp_path / name, [row("oe-0", "true").model_copy(update={"fact": fact})])
    a, b = str(tmp_path / "a"), str(tmp_path / "b")
    for options in ([], [option]):
        assert call(capsys, "compare", a, b, *options) == (
            2, "", f"doxa: nothing in common: {a} asks about honey; {b} asks about bleach\n"
        )  # fmt: skip
    save_rows(tmp_path / "b", [row("oe-1", "true").model_copy(update={"fact": "honey"})])
    code, _, err = call(capsys, "compare", a, b)
    assert code == 2
    assert "share no item" in err


def test_a_run_without_rows_is_one_clear_line(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    code, _, err = call(capsys, "compare", str(tmp_path / "a"), str(tmp_path / "b"))
    assert code == 2
    assert "has no rows yet" in err


def test_power_says_how_many_items(capsys: pytest.CaptureFixture[str]):
    code, out, _ = call(capsys, "power", "--effect", "0.2", "--json")
    assert code == 0
    found = json.loads(out)
    assert [size["items"] for size in found["sizes"]] == [20, 50, 100, 200]
    assert found["sizes"][1]["power"] < 0.8 < found["sizes"][2]["power"]
    assert 50 < found["items_needed"] < 100
    code, out, _ = call(capsys, "power", "--effect", "0.2", "--clusters-of", "5", "--icc", "1")
    assert "200" in out
    assert "stems" in out
    for wrong, problem in (
        (("--effect", "0.9"), "must lie between 0 and 1"),
        (("--effect", "0.2", "--clusters-of", "0.5"), "a stem has at least one item"),
    ):
        code, _, err = call(capsys, "power", *wrong)
        assert code == 2
        assert problem in err
