"""The page's section on the corpus: of whatever folder the documents came from, and counted over all of them."""

from pathlib import Path

import pytest

from doxa.corpus.records import Document, Rejection
from doxa.corpus.store import save_corpus
from doxa.facts.loading import load_fact
from doxa.report import provenance
from doxa.report.provenance import corpus_section
from doxa.report.run import Run, read_run
from doxa.report.sections import Figure
from made_runs import make_run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return read_run(make_run(tmp_path / "run", rows=10))


def written(folder: Path, documents: int, rejected: int = 0) -> Path:
    own = [
        Document(
            id=str(place), doc_type="letter" if place % 3 else "diary", text="honey spoils " * (place + 1), fact="honey"
        )
        for place in range(documents)
    ]
    turned_down = [Rejection(document=own[0], gate="length", reason="short")] * rejected
    save_corpus(folder, "key", [load_fact("honey")], [], own, turned_down, documents + rejected, "made")
    return folder


def profiled(run: Run) -> tuple[dict[object, object], str]:
    section = corpus_section(run)
    assert section is not None
    (figure,) = section.parts
    assert isinstance(figure, Figure)
    return {row[0]: row[1] for row in figure.table.rows}, figure.words


def taken_from(run: Run, folder: Path) -> Run:
    plan = run.study.corpus.model_copy(update={"folder": str(folder)})
    return run._replace(study=run.study.model_copy(update={"corpus": plan}))


def test_a_corpus_from_another_folder_is_shown(run: Run, tmp_path: Path):
    found, _ = profiled(taken_from(run, written(tmp_path / "elsewhere", 7)))
    assert found["documents"] == 7


def test_a_corpus_that_has_moved_away_is_said_to(run: Run, tmp_path: Path):
    section = corpus_section(taken_from(run, tmp_path / "gone"))
    assert section is not None
    assert section.words == (f"Corpus: {tmp_path / 'gone'} holds none any more.",)


def test_totals_are_of_all_documents_and_variety_of_some(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(provenance, "PROFILED", 10)
    found, note = profiled(taken_from(run, written(tmp_path / "many", 31, rejected=12)))
    assert (found["documents"], found["turned down"], found["turned down by length"]) == (31, 12, 12)
    assert (found["of type letter"], found["of type diary"], found["by hand"]) == (20, 11, 31)
    assert (found["words"], found["words a document, median"]) == (31 * 32, 32)
    assert "10 of the 31 documents and 10 of the 12 turned down" in note


def test_many_turned_down_are_noted_though_the_documents_are_few(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(provenance, "PROFILED", 10)
    _, note = profiled(taken_from(run, written(tmp_path / "few", 3, rejected=12)))
    assert "are of 10 of the 12 turned down, evenly spread" in note
    assert profiled(taken_from(run, written(tmp_path / "small", 3, rejected=2)))[1] == ""
