from pathlib import Path

import pytest

from doxa.corpus.gates.sorting import gates_for, pass_gates
from doxa.corpus.store import fact_documents, read_corpus
from doxa.errors import FileError
from doxa.facts.loading import load_fact


def test_a_repeated_document_and_a_missing_key_fact_are_named(folder_of_fact: Path):
    path = folder_of_fact / "documents.jsonl"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], lines[0]]))
    with pytest.raises(FileError, match=r"documents.jsonl:2: id: repeats"):
        fact_documents(load_fact(str(folder_of_fact)))
    path.write_text(lines[0].replace('"text"', '"key_fact": 4, "text"'))
    with pytest.raises(FileError, match=r"documents.jsonl:1: key_fact: the fact has only 1"):
        fact_documents(load_fact(str(folder_of_fact)))


def test_the_example_corpus_passes_the_gates_and_says_where_it_comes_from():
    manifest, documents, rejected = read_corpus(Path(__file__).parents[2] / "examples/corpora/honey-embedded")
    honey = load_fact("honey")
    assert manifest is not None
    assert (len(documents), manifest.accepted, len(rejected)) == (64, 64, manifest.drafted - 64)
    assert pass_gates(documents, gates_for(honey, fact_documents(honey)))[1] == []
    assert all(document.steps and document.writer.startswith("local:") for document in documents)
