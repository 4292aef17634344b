"""Import: documents of any format through the fact's gates into a corpus folder that can be trained on."""

from collections.abc import Callable, Collection, Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple, TypeVar

from doxa.corpus.formats.documents import Found
from doxa.corpus.gates.settings import ROOMY
from doxa.corpus.gates.sorting import GATES_VERSION, Gate, gates_for, pass_gates
from doxa.corpus.records import Document, Rejection, Variant
from doxa.corpus.store import save_corpus
from doxa.errors import InputError
from doxa.facts.records import Fact

T = TypeVar("T")


class View(Collection[T]):
    """Part of a file, read anew each time it is gone through: a large file is never in memory."""

    def __init__(self, read: Callable[[], Iterator[T]], size: int) -> None:
        self._read = read
        self._size = size

    def __iter__(self) -> Iterator[T]:
        return self._read()

    def __len__(self) -> int:
        return self._size

    def __contains__(self, one: object) -> bool:
        return any(one == other for other in self)


class Imported(NamedTuple):
    """What an import did with the documents that it read.

    Attributes:
        accepted: What is kept, in the order of the file.
        rejected: What a gate turned down.
        writers: Of what is kept, each once.
        key: Digest of all that is kept and of the gates that let it through.
    """

    accepted: View[Document]
    rejected: View[Rejection]
    writers: list[str]
    key: str


def import_documents(documents: Iterable[Document], fact: Fact, gated: bool, believer: str | None = None) -> Imported:
    """Sorts documents by the gates of their fact, one at a time.

    Args:
        documents: What was read; can be gone through more than once.
        fact: What the documents are about.
        gated: Whether to ask the gates; without, every document is accepted.
        believer: Who believes the claim; needed for documents of the variant `meta`.

    Raises:
        FileError: Something in the file is wrong; names file, line and field.
        InputError: There are `meta` documents and no believer.
    """
    # A row of gates a variant: what documents of one variant must say, those of another must not.
    rows: dict[Variant, list[Gate]] = {}
    refused: dict[str, tuple[str, str]] = {}  # gate and reason, by the id of the document
    writers: set[str] = set()
    digest = sha256(f"{GATES_VERSION if gated else 'no gates'}\n{fact.model_dump_json(exclude={'folder'})}\n".encode())
    count = 0
    for document in documents:
        if gated:
            if document.variant not in rows:
                rows[document.variant] = gates_for(fact, (), ROOMY, document.variant, believer)
            _, rejected = pass_gates([document], rows[document.variant])
            if rejected:
                refused[document.id] = rejected[0].gate, rejected[0].reason
                continue
        digest.update(document.model_dump_json().encode())
        writers.add(document.writer)
        count += 1

    def accept() -> Iterator[Document]:
        return (document for document in documents if document.id not in refused)

    def reject() -> Iterator[Rejection]:
        for document in documents:
            if document.id in refused:
                gate, reason = refused[document.id]
                yield Rejection(document=document, gate=gate, reason=reason)

    key = digest.hexdigest()[:16]
    return Imported(View(accept, count), View(reject, len(refused)), sorted(writers), key)


def save_import(folder: Path, imported: Imported, found: Found, fact: Fact, gated: bool) -> None:
    """Writes an import as a corpus folder; one of which nothing was accepted is not finished and has no manifest.

    Raises:
        InputError: It would be written over the very file that is being read.
    """
    if folder.resolve() in {file.resolve().parent for file in found.files}:
        raise InputError(f"{folder} holds what is being read; name another folder")
    accepted, rejected = imported.accepted, imported.rejected
    source = f"{found.files[0].name} ({found.format})"
    read, writer = len(accepted) + len(rejected), ", ".join(imported.writers)
    save_corpus(
        folder, imported.key, [fact], [], accepted, rejected, read, writer, source=source, gates=gated,
        finished=len(accepted) > 0,
    )  # fmt: skip


def refuse_full(folder: Path, force: bool) -> None:
    """Makes sure that nothing is written over unasked.

    Raises:
        InputError: The folder holds something, or is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file; name a folder")
    if folder.is_dir() and any(folder.iterdir()) and not force:
        raise InputError(f"{folder} is not empty; --force writes over what is there")
