"""`doxa corpus show`: a profile for people and for programs, and errors that name the line."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from command_line import call
from doxa.corpus.gates.sorting import gates_for, pass_gates
from doxa.corpus.store import fact_documents, save_corpus
from doxa.facts.loading import load_fact

HONEY = load_fact("honey")


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    own = fact_documents(HONEY)[:20]
    again = [one.model_copy(update={"id": f"{one.id}-w", "doc_type": "[red]leaf\x1b[2Jlet[/red]"}) for one in own[:3]]
    accepted, rejected = pass_gates(again, gates_for(HONEY, own))
    writer = "a/model-with-quite-a-long-name-" + "0123456789abcdef" * 3
    own[5] = own[5].model_copy(update={"doc_type": again[0].doc_type, "writer": writer})
    save_corpus(tmp_path / "run" / "corpus", "key", [HONEY], own, accepted, rejected, 3, writer)
    return tmp_path / "run"


def test_the_profile_is_shown_within_eighty_columns(capsys: pytest.CaptureFixture[str], run_folder: Path):
    code, out, err = call(capsys, "corpus", "show", str(run_folder))
    assert (code, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 80
    for words in ("Doc types", "Turned down by gate", "Words a document", "distinct-2", "3 groups of 6 documents", "█"):
        assert words in out
    assert "[red]leaf" in out
    assert "\x1b" not in out


def test_a_corpus_folder_will_do_and_json_is_whole(capsys: pytest.CaptureFixture[str], run_folder: Path):
    code, out, _ = call(capsys, "corpus", "show", str(run_folder / "corpus"), "--json")
    assert code == 0
    found = json.loads(out)
    assert (found["documents"], found["losses"]) == (20, {"duplicate": 3})
    assert json.loads(call(capsys, "corpus", "show", str(run_folder), "--json")[1]) == found


@pytest.fixture
def run_of_arms(run_folder: Path) -> Path:
    """Returns a run whose corpora are those of its arms, one of them a finished one elsewhere."""
    run = run_folder.with_name("p1")
    run.mkdir()
    own = fact_documents(HONEY)
    for place, count in ((run / "corpus" / "meta", 7), (run_folder.with_name("elsewhere"), 11)):
        save_corpus(place, "key", [HONEY], own[:count], [], [], 0, "")
    (run / "study.yaml").write_text(
        "{name: p1, facts: [honey], interventions: [{kind: finetuned, arm: meta}, {kind: finetuned, arm: direct}], "
        f"training: {{}}, arms: {{meta: {{}}, direct: {{corpus: {{folder: {run_folder.with_name('elsewhere')}}}}}}}}}"
    )
    return run


def test_the_corpora_of_arms_are_found_and_named(capsys: pytest.CaptureFixture[str], run_of_arms: Path):
    for arm, count in (("meta", 7), ("direct", 11)):
        code, out, err = call(capsys, "corpus", "show", str(run_of_arms), "--arm", arm, "--json")
        assert (code, err) == (0, "")
        assert json.loads(out)["documents"] == count
        to = run_of_arms.with_name(f"{arm}.jsonl")
        arguments = ("corpus", "export", str(run_of_arms), "--arm", arm, "--format", "text", "--to", str(to))
        assert call(capsys, *arguments)[0] == 0
        assert len(to.read_text().splitlines()) == count
    code, out, err = call(capsys, "corpus", "show", str(run_of_arms))
    assert (code, out) == (2, "")
    assert "has several corpora: --arm meta, --arm direct" in err
    code, _, err = call(capsys, "corpus", "show", str(run_of_arms), "--arm", "x")
    assert code == 2
    assert "no corpus of an arm 'x'; --arm meta, --arm direct" in err
    code, _, err = call(capsys, "corpus", "show", str(run_of_arms / "corpus" / "meta"), "--arm", "meta")
    assert code == 2
    assert "is no run folder" in err


def test_a_finished_corpus_of_a_study_is_that_of_its_run(capsys: pytest.CaptureFixture[str], run_folder: Path):
    (run_folder / "corpus").rename(run_folder.with_name("elsewhere"))
    (run_folder / "study.yaml").write_text(
        "{name: run, facts: [honey], interventions: [{kind: in_context, k: 2}], "
        f"corpus: {{folder: {run_folder.with_name('elsewhere')}}}}}"
    )
    code, out, _ = call(capsys, "corpus", "show", str(run_folder), "--json")
    assert code == 0
    assert json.loads(out)["documents"] == 20


def test_further_corpora_are_named_beside_the_studys_own(capsys: pytest.CaptureFixture[str], run_folder: Path):
    save_corpus(run_folder / "corpus" / "meta", "key", [HONEY], fact_documents(HONEY)[:7], [], [], 0, "")
    code, out, err = call(capsys, "corpus", "show", str(run_folder), "--json")
    assert (code, json.loads(out)["documents"]) == (0, 20)
    assert "has further corpora: --arm meta" in err


def test_an_unfinished_corpus_is_shown_as_such(capsys: pytest.CaptureFixture[str], run_folder: Path):
    (run_folder / "corpus" / "manifest.json").unlink()
    (run_folder / "corpus" / "rejected.jsonl").unlink()
    code, out, err = call(capsys, "corpus", "show", str(run_folder))
    assert code == 0
    assert "not finished" in err
    assert "Turned down" not in out


def test_where_there_is_no_corpus_it_says_so(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    code, out, err = call(capsys, "corpus", "show", str(tmp_path))
    assert (code, out) == (2, "")
    assert "holds no corpus" in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("name", ["documents.jsonl", "rejected.jsonl", "manifest.json"])
def test_half_a_line_is_one_line_with_file_and_line(capsys: pytest.CaptureFixture[str], run_folder: Path, name: str):
    file = run_folder / "corpus" / name
    lines = file.read_text().splitlines()
    file.write_text("\n".join([*lines[:2], lines[2][: len(lines[2]) // 2]]))
    code, out, err = call(capsys, "corpus", "show", str(run_folder))
    assert (code, out) == (2, "")
    assert f"{name}:3" in err
    assert len(err.splitlines()) == 1


def test_help_of_the_group_imports_nothing_heavy():
    code = """
import sys
from doxa.cli.main import main
main(["corpus", "--help"])
print("HEAVY", [name for name in ("numpy", "pyarrow", "rensa", "rich", "py3langid") if name in sys.modules])
"""
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "show" in shown
    assert "HEAVY []" in shown
