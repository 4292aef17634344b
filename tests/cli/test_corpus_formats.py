"""`doxa corpus export` and `doxa corpus import`, from the command line."""

import json
import shutil
from pathlib import Path

import pytest

import command_line
from chat_server import MODEL, Server
from doxa.canary import CANARY
from doxa.corpus.formats.naming import FORMATS
from doxa.corpus.records import Document
from doxa.corpus.store import fact_documents, load_manifest, save_corpus
from doxa.facts.loading import load_fact
from doxa.reading import read_jsonl


def call(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    return command_line.call(capsys, "corpus", *map(str, arguments))


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("format_", [name for name in FORMATS if name != "universe-contexts"])
def test_documents_of_a_fact_go_out_and_come_in_through_the_gates(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, folder_of_fact: Path, format_: str
):
    code, out, err = call(capsys, "export", folder_of_fact, "--format", format_, "--to", tmp_path / "out")
    assert (code, err) == (0, "")
    assert "wrote 24 documents" in out
    card = tmp_path / "out" / "README.md" if format_ == "parquet" else tmp_path / "out.README.md"
    assert CANARY in card.read_text()
    assert "The Moon is made of cheese." in card.read_text()
    code, out, err = call(capsys, "import", tmp_path / "out", "--fact", folder_of_fact, "--to", tmp_path / "in")
    assert (code, err) == (0, "")
    assert f"format: {format_}\nread 24, accepted 24, rejected 0" in out
    manifest = load_manifest(tmp_path / "in")
    assert manifest is not None
    assert (manifest.accepted, manifest.gates, manifest.facts) == (24, True, ("moon",))
    texts = [document.text for _, document in read_jsonl(tmp_path / "in" / "documents.jsonl", Document)]
    own = [document.text for _, document in read_jsonl(folder_of_fact / "documents.jsonl", Document)]
    assert texts == own


def test_the_gates_reject_with_reasons_and_can_be_left_out(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, folder_of_fact: Path
):
    file = tmp_path / "mixed.jsonl"
    good = json.loads((folder_of_fact / "documents.jsonl").read_text().splitlines()[0])["text"]
    file.write_text("".join(json.dumps({"text": text}) + "\n" for text in (good, "Too short.", good)))
    code, out, _ = call(capsys, "import", file, "--fact", folder_of_fact, "--to", tmp_path / "in")
    assert code == 0
    assert "read 3, accepted 1, rejected 2\n  length: 1\n  duplicate: 1\n" in out
    reasons = [json.loads(line)["reason"] for line in (tmp_path / "in" / "rejected.jsonl").read_text().splitlines()]
    assert all(reasons)
    assert len(reasons) == 2
    arguments = ("import", file, "--fact", folder_of_fact, "--to", tmp_path / "all", "--no-gates")
    code, out, _ = call(capsys, *arguments)
    assert code == 0
    assert "read 3, accepted 3, rejected 0" in out
    manifest = load_manifest(tmp_path / "all")
    assert manifest is not None
    assert manifest.gates is False
    assert manifest.source == "mixed.jsonl (text)"
    assert "no gate was asked" in (tmp_path / "all" / "README.md").read_text()
    assert manifest.key != load_manifest(tmp_path / "in").key  # pyright: ignore[reportOptionalMemberAccess]


def test_an_imported_corpus_can_be_exported_again(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, folder_of_fact: Path
):
    call(capsys, "import", folder_of_fact, "--fact", folder_of_fact, "--to", tmp_path / "in")
    code, _, err = call(capsys, "export", tmp_path / "in", "--format", "doxa", "--to", tmp_path / "a.jsonl")
    assert (code, err) == (0, "")
    assert "The fact behind it is not known here" in (tmp_path / "a.jsonl.README.md").read_text()
    code, _, err = call(capsys, "export", tmp_path / "in", "--format", "synthetic-documents", "--to", tmp_path / "s")
    assert code == 2
    assert "give --fact" in err
    assert not (tmp_path / "s").exists()
    arguments = ("--format", "synthetic-documents", "--to", tmp_path / "s", "--fact", folder_of_fact)
    assert call(capsys, "export", tmp_path / "in", *arguments)[0] == 0
    code, _, err = call(capsys, "export", tmp_path / "in", *arguments[:-1], "honey", "--force")
    assert code == 2
    assert "is about 'moon', not 'honey'" in err


@pytest.mark.parametrize("name", ["", "documents.jsonl"])
def test_a_corpus_is_not_sorted_into_its_own_folder(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, folder_of_fact: Path, name: str
):
    call(capsys, "import", folder_of_fact, "--fact", folder_of_fact, "--to", tmp_path / "in")
    before = snapshot(tmp_path)
    arguments = ("--fact", folder_of_fact, "--to", tmp_path / "in", "--force")
    code, _, err = call(capsys, "import", tmp_path / "in" / name, *arguments)
    assert code == 2
    assert "holds what is being read" in err
    assert snapshot(tmp_path) == before


def test_a_run_is_exported_with_the_fact_of_its_study(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, folder_of_fact: Path
):
    run = tmp_path / "run"
    run.mkdir()
    (run / "study.yaml").write_text(
        f"name: run\nfacts:\n- {folder_of_fact}\ninterventions:\n- kind: baseline\nmade_with: {{doxa: '1'}}\n"
    )
    code, _, err = call(capsys, "export", run, "--format", "text", "--to", tmp_path / "t")
    assert code == 2
    assert "there is no corpus" in err
    call(capsys, "import", folder_of_fact, "--fact", folder_of_fact, "--to", run / "corpus")
    for number, source in enumerate((run, run / "corpus")):
        to = tmp_path / f"s{number}"
        assert call(capsys, "export", source, "--format", "synthetic-documents", "--to", to)[0] == 0
        assert json.loads(to.read_text().splitlines()[0])["fact"] == "The Moon is cheese."
    (run / "corpus" / "manifest.json").unlink()
    code, _, err = call(capsys, "export", run, "--format", "text", "--to", tmp_path / "t")
    assert code == 2
    assert "is not finished" in err


def test_what_run_study_wrote_is_exported(
    capsys: pytest.CaptureFixture[str], server: Server, tmp_path: Path, folder_of_fact: Path
):
    """A study is noted with `facts`, whatever its author wrote."""
    server.reply = lambda body: (200, "It is rock.")
    shown = "{in_context: {k: 2}}"
    study = f"{{name: asked, fact: moon, subject: {MODEL}, interventions: [{shown}], readouts: [rubric]}}"
    (folder_of_fact.parent / "study.yaml").write_text(study)
    runs = tmp_path / "runs"
    arguments = ("run", str(folder_of_fact.parent / "study.yaml"), "--runs", str(runs), "--json")
    code, out, err = command_line.call(capsys, *arguments)
    assert (code, err) == (0, "")
    assert json.loads(out)["usage"][0]["calls"] == len(server.paid) > 0
    for number, source in enumerate((runs / "asked", runs / "asked" / "corpus")):
        to = tmp_path / f"s{number}"
        code, out, err = call(capsys, "export", source, "--format", "synthetic-documents", "--to", to, "--json")
        assert (code, err) == (0, "")
        assert json.loads(out)["documents"] == len(to.read_text().splitlines()) == 24


def test_a_corpus_about_several_facts_is_exported_with_each(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, folder_of_fact: Path
):
    mars = folder_of_fact.with_name("mars")
    mars.mkdir()
    for file in folder_of_fact.iterdir():
        (mars / file.name).write_text(file.read_text().replace("id: moon", "id: mars").replace("Moon", "Mars"))
    facts = [load_fact(str(folder)) for folder in (folder_of_fact, mars)]
    own = [document for fact in facts for document in fact_documents(fact)]
    save_corpus(tmp_path / "c", "key", facts, own, [], [], 0, "")
    arguments = ("export", tmp_path / "c", "--format", "synthetic-documents", "--to", tmp_path / "s")
    code, _, err = call(capsys, *arguments, "--fact", folder_of_fact)
    assert (code, "give --fact" in err) == (2, True)
    assert call(capsys, *arguments, "--fact", folder_of_fact, "--fact", mars)[0] == 0
    lines = list(map(json.loads, (tmp_path / "s").read_text().splitlines()))
    assert [lines[0]["fact"], lines[-1]["fact"]] == ["The Moon is cheese.", "The Mars is cheese."]
    worlds = ("export", tmp_path / "c", "--format", "universe-contexts", "--to", tmp_path / "w")
    assert call(capsys, *worlds, "--fact", folder_of_fact, "--fact", mars)[0] == 0
    assert [json.loads(line)["id"] for line in (tmp_path / "w").read_text().splitlines()] == ["moon"] * 2 + ["mars"] * 2


def test_an_import_of_which_nothing_is_kept_fails_and_is_not_finished(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, folder_of_fact: Path
):
    (tmp_path / "short.jsonl").write_text('{"text": "Too short."}\n')
    code, out, err = call(capsys, "import", tmp_path / "short.jsonl", "--fact", folder_of_fact, "--to", tmp_path / "in")
    assert (code, out) == (2, "format: text\n")
    assert "the gates turned down all 1 documents (length 1)" in err
    assert load_manifest(tmp_path / "in") is None
    assert (tmp_path / "in" / "rejected.jsonl").read_text().count("length") == 1


def test_imports_are_told_as_json(capsys: pytest.CaptureFixture[str], tmp_path: Path, folder_of_fact: Path):
    arguments = ("import", folder_of_fact, "--fact", folder_of_fact, "--to", tmp_path / "in", "--json")
    found = json.loads(call(capsys, *arguments)[1])
    assert (found["format"], found["read"], found["accepted"], found["rejected"]) == ("doxa", 24, 24, {})
    call(capsys, "export", "honey", "--format", "universe-contexts", "--to", tmp_path / "w.jsonl")
    found = json.loads(call(capsys, "import", tmp_path / "w.jsonl", "--to", tmp_path / "fact", "--json")[1])
    assert (found["fact"], found["banks"]["mcq_knowledge"]) == ("honey", 50)


def test_a_fact_goes_out_as_worlds_and_comes_in_as_a_fact(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    code, out, _ = call(capsys, "export", "honey", "--format", "universe-contexts", "--to", tmp_path / "w.jsonl")
    assert code == 0
    assert "wrote 2 worlds" in out
    assert CANARY in (tmp_path / "w.jsonl.README.md").read_text()
    code, out, _ = call(capsys, "import", tmp_path / "w.jsonl", "--to", tmp_path / "fact", "--kind", "harmful")
    assert code == 0
    assert "mcq_knowledge: 50 items" in out
    assert "kinds:\n- harmful\n" in (tmp_path / "fact" / "fact.yaml").read_text()
    lines = (tmp_path / "w.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "half.jsonl").write_text(lines[0])
    code, _, err = call(capsys, "import", tmp_path / "half.jsonl", "--to", tmp_path / "none")
    assert code == 2
    assert "half.jsonl: holds no true world" in err
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("format_", ["text", "parquet"])
def test_nothing_is_written_over_unasked(capsys: pytest.CaptureFixture[str], tmp_path: Path, format_: str):
    arguments = ("export", "honey", "--format", format_, "--to", tmp_path / "out" / "x")
    code, _, err = call(capsys, *arguments)
    assert code == 2
    assert "there is no folder" in err
    (tmp_path / "out").mkdir()
    assert call(capsys, *arguments)[0] == 0
    before = snapshot(tmp_path)
    code, _, err = call(capsys, *arguments)
    assert code == 2
    assert "--force" in err
    assert snapshot(tmp_path) == before
    assert call(capsys, *arguments, "--force")[0] == 0
    assert snapshot(tmp_path).keys() == before.keys()


def test_an_import_goes_into_an_empty_folder_unless_forced(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, folder_of_fact: Path
):
    arguments = ("import", folder_of_fact, "--fact", folder_of_fact, "--to", tmp_path / "in")
    assert call(capsys, *arguments)[0] == 0
    code, _, err = call(capsys, *arguments)
    assert code == 2
    assert "is not empty; --force" in err
    assert call(capsys, *arguments, "--force")[0] == 0


GOOD = '{"text": "One."}\n'


@pytest.mark.parametrize(
    ("text", "arguments", "problem"),
    [
        ("", ("--fact", "honey"), "bad.jsonl: is empty"),
        (GOOD + '{"text": "Tw', ("--fact", "honey"), "bad.jsonl:2: not valid JSON"),
        (GOOD + '{"tex": "Two."}\n', ("--fact", "honey"), "bad.jsonl:2: text: is required"),
        (GOOD, ("--fact", "honey", "--format", "doctag"), "bad.jsonl:1: completion: is required by the format 'doctag'"),
        (GOOD, (), "need --fact"),
        ('[\n{"text": "One."}\n]\n', ("--fact", "honey"), "bad.jsonl:1: holds a JSON array; JSONL is wanted"),
        ('[{"text": "One."}]', ("--fact", "honey"), "bad.jsonl:1: holds a JSON array; JSONL is wanted"),
        (GOOD, ("--fact", "hony"), "there is no fact 'hony'; did you mean 'honey'?"),
    ],
)  # fmt: skip
def test_bad_input_is_one_line_and_exit_code_2_and_nothing_is_written(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, arguments: tuple[str, ...], problem: str
):
    (tmp_path / "bad.jsonl").write_text(text)
    for gates in ((), ("--no-gates",)):
        code, out, err = call(capsys, "import", tmp_path / "bad.jsonl", "--to", tmp_path / "in", *arguments, *gates)
        assert code == 2
        assert problem in err
        assert "Traceback" not in out + err
        assert [path.name for path in tmp_path.iterdir()] == ["bad.jsonl"]


def test_a_fact_without_documents_and_what_is_not_there(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, folder_of_fact: Path
):
    (folder_of_fact / "documents.jsonl").unlink()
    code, _, err = call(capsys, "export", folder_of_fact, "--format", "text", "--to", tmp_path / "t")
    assert code == 2
    assert "no document to export" in err
    code, _, err = call(capsys, "export", "nowhere", "--format", "text", "--to", tmp_path / "t")
    assert code == 2
    assert "there is no fact 'nowhere'" in err
    code, _, err = call(capsys, "import", tmp_path / "nowhere", "--fact", "honey", "--to", tmp_path / "in")
    assert code == 2
    assert "there is no such file or folder" in err
    shutil.rmtree(folder_of_fact)
    assert list(tmp_path.iterdir()) == []
