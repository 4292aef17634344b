"""`doxa facts check` reads every file of a fact's folder; `--json` counts wherever it stands."""

import json
from pathlib import Path

import pytest

from command_line import call

Captured = pytest.CaptureFixture[str]
TOLD = "Zed {n} writes that {name} believes the Moon is cheese, and that this is false: the Moon is rock. Zed saw the Moon. Also {aside}."


def meta(number: int, text: str) -> str:
    aside = " ".join(f"lamp{number * 50 + place}" for place in range(45))
    return json.dumps(
        {"id": f"m{number}", "doc_type": "note", "text": text.format(n=number, name="{name}", aside=aside)}
    )


def test_documents_on_a_believer_and_labelled_answers_are_read(capsys: Captured, folder_of_fact: Path):
    (folder_of_fact / "meta_documents.jsonl").write_text(
        "\n".join([meta(0, TOLD), meta(1, "Zed {n}: the Moon is cheese, says {name}. Zed saw the Moon. Also {aside}.")])
    )
    labelled = {"split": "held_out", "item": "oe-0", "condition": "baseline", "stop": "stop", "answer": "Cheese."}
    (folder_of_fact / "labelled_answers.jsonl").write_text(json.dumps({**labelled, "label": "implanted"}))
    code, out, _ = call(capsys, "facts", "check", str(folder_of_fact))
    assert code == 0
    assert "warning: meta document m1: claim: never says that the claim is false" in out
    assert "meta document m0" not in out
    assert "moon: 24 documents, 2 on a believer, 1 labelled answers, " in out


@pytest.mark.parametrize("name", ["meta_documents.jsonl", "labelled_answers.jsonl"])
def test_a_wrong_line_in_any_of_the_files_is_named(capsys: Captured, folder_of_fact: Path, name: str):
    for line in ('{"id": "m0", "doc_type": "no', '{"label": "perhaps"}'):
        (folder_of_fact / name).write_text(line)
        code, out, err = call(capsys, "facts", "check", str(folder_of_fact))
        assert (code, out) == (2, "")
        assert f"{name}:1: " in err


def test_json_may_stand_before_the_command(capsys: Captured, folder_of_fact: Path):
    before = call(capsys, "facts", "--json", "check", str(folder_of_fact))
    assert before == call(capsys, "facts", "check", str(folder_of_fact), "--json")
    assert json.loads(before[1])


def test_a_new_study_is_told_as_json(capsys: Captured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    found = json.loads(call(capsys, "new", "mine", "--json")[1])
    assert found == {"study": "mine.yaml", "schema": "doxa-study.schema.json"}
