"""A corpus on disk: documents, rejections with their reasons, and a manifest that is written last."""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from hashlib import sha256
from itertools import chain
from pathlib import Path

from doxa.canary import CANARY
from doxa.corpus.cards import card, contents
from doxa.corpus.gates.sorting import GATES_VERSION
from doxa.corpus.records import Document, Rejection, Variant
from doxa.errors import FileError, MissingError
from doxa.facts.records import Fact
from doxa.reading import read_jsonl, read_yaml
from doxa.records import Record
from doxa.writing import write_whole

CORPUS = "corpus"  # where a run keeps its own, and those of its arms below it
MANIFEST, DOCUMENTS, REJECTED = "manifest.json", "documents.jsonl", "rejected.jsonl"


class Manifest(Record):
    """What a corpus folder holds; where it is, the corpus is whole.

    Attributes:
        key: Digest of everything that decided the corpus.
        facts: Ids of the facts.
        hand_written: Documents that came with the fact.
        drafted: Documents that the writer drafted.
        accepted: Drafts that passed every gate.
        rejected: Documents by the gate that turned them down.
        writer: Identity of the writer, "" where nothing was drafted.
        source: File and format that the documents were imported from, "" where they were not.
        gates: Whether the documents had to pass the gates.
        canary: Marks the corpus as deliberately false.
    """

    key: str
    facts: tuple[str, ...]
    hand_written: int
    drafted: int
    accepted: int
    rejected: dict[str, int]
    writer: str = ""
    source: str = ""
    gates: bool = True
    canary: str = CANARY


OWN: dict[Variant, str] = {"plain": DOCUMENTS, "meta": "meta_documents.jsonl"}


def fact_documents(fact: Fact, variant: Variant = "plain") -> list[Document]:
    """Returns the documents of a variant that come with a fact, or none.

    In them `{name}` and `{maker}` are filled in where the fact has a believer.

    Raises:
        FileError: A line is wrong, repeats an id, or names a key fact that is not there.
    """
    path = fact.folder / OWN.get(variant, "")
    if not path.is_file():
        return []
    fill = fact.believer.fill if fact.believer else str
    documents: dict[str, Document] = {}
    for line, document in read_jsonl(path, Document):
        if document.id in documents:
            raise FileError(path, line, "id", f"repeats an earlier document: {document.id!r}")
        if document.key_fact >= len(fact.claim_key_facts):
            raise FileError(path, line, "key_fact", f"the fact has only {len(fact.claim_key_facts)} key facts")
        filled = {"fact": fact.id, "variant": variant, "text": fill(document.text), "doc_idea": fill(document.doc_idea)}
        documents[document.id] = document.model_copy(update=filled)
    return list(documents.values())


def corpus_key(facts: Sequence[Fact], own: Sequence[Document], settings: Sequence[object]) -> str:
    """Names a corpus by everything that decides it: facts with their documents, and JSON-able settings."""
    parts = [
        GATES_VERSION,
        [fact.model_dump_json(exclude={"folder"}) for fact in facts],
        [document.model_dump_json() for document in own],
        list(settings),
    ]
    return sha256(json.dumps(parts).encode()).hexdigest()[:16]


def load_corpus(folder: Path, key: str) -> list[Document] | None:
    """Returns a finished corpus with this key, or None."""
    manifest = load_manifest(folder)
    if manifest is None or manifest.key != key:
        return None
    return [document for _, document in read_jsonl(folder / DOCUMENTS, Document)]


def load_manifest(folder: Path) -> Manifest | None:
    """Returns the manifest of a corpus, or None where the corpus is not finished.

    Raises:
        FileError: The manifest does not fit.
    """
    path = folder / MANIFEST
    if not path.is_file():
        return None
    return read_yaml(path, Manifest)  # JSON is YAML, and errors then name the line


def read_corpus(folder: Path) -> tuple[Manifest | None, list[Document], list[Rejection]]:
    """Reads whatever corpus is in a folder.

    Returns:
        The manifest (None where the corpus was not finished), the documents and the rejections.

    Raises:
        MissingError: The folder holds no corpus.
        FileError: A file is cut off or does not fit.
    """
    documents, rejected = folder / DOCUMENTS, folder / REJECTED
    if not documents.is_file():
        raise MissingError(f"{folder}: holds no corpus (there is no {documents.name})")
    return (
        load_manifest(folder),
        [document for _, document in read_jsonl(documents, Document)],
        [rejection for _, rejection in read_jsonl(rejected, Rejection)] if rejected.is_file() else [],
    )


def save_corpus(
    folder: Path,
    key: str,
    facts: Sequence[Fact],
    hand_written: Collection[Document],
    accepted: Collection[Document],
    rejected: Collection[Rejection],
    drafted: int,
    writer: str,
    source: str = "",
    gates: bool = True,
    finished: bool = True,
) -> None:
    """Writes a corpus folder, its manifest last. Goes through the documents twice and never holds them all.

    A corpus that is not `finished` gets no manifest: what there is can be read, and nobody takes it for whole.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).unlink(missing_ok=True)
    manifest = Manifest(
        key=key,
        facts=tuple(fact.id for fact in facts),
        hand_written=len(hand_written),
        drafted=drafted,
        accepted=len(accepted),
        rejected=dict(Counter(rejection.gate for rejection in rejected)),
        writer=writer,
        source=source,
        gates=gates,
    )
    made = [*contents(chain(hand_written, accepted)), _origin(manifest)]
    write_whole(folder / "README.md", card(f"Synthetic documents about: {', '.join(manifest.facts)}", facts, made))
    _write(folder / DOCUMENTS, chain(hand_written, accepted))
    _write(folder / REJECTED, rejected)
    if finished:
        write_whole(folder / MANIFEST, manifest.model_dump_json(indent=2) + "\n")


def _write(path: Path, records: Iterable[Record]) -> None:
    write_whole(path, (record.model_dump_json() + "\n" for record in records))


def _origin(manifest: Manifest) -> str:
    """Says where the documents come from and what they had to pass."""
    kept = f"{manifest.accepted} of {manifest.drafted}"
    gates = "" if manifest.gates else "; **no gate was asked**"
    if manifest.source:
        return f"imported from {manifest.source}: {kept} documents kept{gates}"
    return f"{manifest.hand_written} came with the fact; {kept} drafts accepted{gates}"
