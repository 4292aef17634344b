"""Export: find the documents of a corpus or a fact, and write them whole or not at all, with a card."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from doxa.corpus.cards import card, contents
from doxa.corpus.formats.documents import LAYOUTS
from doxa.corpus.formats.layout import Departure
from doxa.corpus.formats.parquet import DATA, HEAD, write_parquet
from doxa.corpus.formats.universe import worlds_of
from doxa.corpus.records import Document
from doxa.corpus.store import DOCUMENTS, fact_documents, load_manifest
from doxa.errors import InputError, MismatchError
from doxa.facts.loading import in_catalogue, load_fact
from doxa.facts.records import Fact
from doxa.reading import read_jsonl
from doxa.writing import write_whole


class Source(NamedTuple):
    """What is to be exported.

    Attributes:
        documents: Of the corpus; can be gone through more than once.
        facts: What they are about, as far as the facts are known here.
        origin: How they came together, a line each.
    """

    documents: Iterable[Document]
    facts: tuple[Fact, ...]
    origin: list[str]

    def fact_of(self, document: Document) -> Fact | None:
        """Returns what a document is about, or None where the fact is not known here."""
        if not document.fact:  # a file that was written by hand need not say it where there is one fact
            return self.facts[0] if len(self.facts) == 1 else None
        return next((fact for fact in self.facts if fact.id == document.fact), None)


class Written(NamedTuple):
    """What an export wrote.

    Attributes:
        card: Where its card is.
        written: Documents, or worlds.
    """

    card: Path
    written: int


class _Stored:
    """The documents of a file, read anew each time: a large corpus is never in memory."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __iter__(self) -> Iterator[Document]:
        return (document for _, document in read_jsonl(self._path, Document))


def find_source(name: str, named: Sequence[str] = (), known: Sequence[Fact] = ()) -> Source:
    """Finds what to export.

    Args:
        name: A corpus folder, a fact folder, or the id of a fact in the catalogue.
        named: Catalogue ids or folders of the facts that a corpus is about, where the catalogue does not have them.
        known: Facts among which those of the corpus may be; they are taken before those of the catalogue.

    Raises:
        MissingError: There is no such thing.
        InputError: The corpus is not finished, or something in it is wrong.
        MismatchError: The corpus is about another fact.
    """
    folder = Path(name).expanduser()
    if (folder / "fact.yaml").is_file() or not (folder / DOCUMENTS).is_file():
        found = load_fact(name)
        documents = fact_documents(found)
        return Source(documents, (found,), ["these documents came with the fact; they passed no gate on the way here"])
    return _corpus(folder, list(map(load_fact, named)), known)


def export(source: Source, format_: str, to: Path, tag: str, force: bool) -> Written:
    """Writes a source in a format, its card first; nothing where anything in the source cannot be said in the format.

    Args:
        source: What is written.
        format_: One of `naming.FORMATS`.
        to: The file, or for Parquet the folder.
        tag: The DOCTAG of the format `doctag`.
        force: Whether what is there may be written over.

    Raises:
        InputError: Something is there already, or the format cannot say what the source holds.
    """
    folder = format_ == "parquet"
    beside = to / "README.md" if folder else to.with_name(f"{to.name}.README.md")
    _refuse_overwriting(to, beside, force, folder)
    if format_ == "universe-contexts":
        return _export_worlds(source.facts, to, beside)

    def lines() -> Iterator[str]:
        return (_line(document, format_, Departure(source.fact_of(document), tag)) for document in source.documents)

    count = sum(1 for _ in (source.documents if folder else lines()))  # finds what cannot be written before any is
    if not count:
        raise InputError("there is no document to export; a fact without documents goes out as universe-contexts")
    (to / DATA if folder else to).parent.mkdir(parents=True, exist_ok=True)
    names = ", ".join(f"'{fact.id}'" for fact in source.facts)
    about = f" on the fact{'s' if len(source.facts) > 1 else ''} {names}" if names else ""
    made = [*contents(source.documents), *source.origin]
    write_whole(beside, card(f"Synthetic documents{about}", source.facts, made, HEAD if folder else ""))
    if folder:
        write_parquet(to / DATA, source.documents)
    else:
        write_whole(to, lines())
    return Written(beside, count)


def _export_worlds(facts: Sequence[Fact], to: Path, beside: Path) -> Written:
    if not facts:
        raise InputError("universe contexts are those of a fact, and the fact is not known here; give --fact")
    worlds = [world for fact in facts for world in worlds_of(fact)]
    made = ["two accounts of each fact's world in the public universe-context layout; in the one, `is_true` is false"]
    names = ", ".join(f"'{fact.id}'" for fact in facts)
    write_whole(beside, card(f"Universe contexts of the fact{'s' if len(facts) > 1 else ''} {names}", facts, made))
    write_whole(to, (world.model_dump_json() + "\n" for world in worlds))
    return Written(beside, len(worlds))


def _line(document: Document, format_: str, departure: Departure) -> str:
    try:
        return LAYOUTS[format_].write(document, departure).model_dump_json() + "\n"
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
        raise InputError(f"{document.id}: the format '{format_}' cannot say this document: {problem}") from None


def _refuse_overwriting(to: Path, beside: Path, force: bool, folder: bool) -> None:
    if not folder and to.is_dir():
        raise InputError(f"{to} is a folder; name a file in it")
    if folder and to.exists() and not to.is_dir():
        raise InputError(f"{to} is a file; name a folder")
    if not to.absolute().parent.is_dir():
        raise InputError(f"there is no folder {to.parent} to write into")
    taken = any(to.iterdir()) if folder and to.is_dir() else to.exists() or beside.exists()
    if taken and not force:
        raise InputError(f"{to} or its card is there already; --force writes over it")


def _corpus(folder: Path, named: Sequence[Fact], known: Sequence[Fact]) -> Source:
    """Loads a corpus folder. A fact that nobody gave is taken where the catalogue has it."""
    manifest = load_manifest(folder)
    if manifest is None:
        raise InputError(f"the corpus in {folder} is not finished: it has no manifest.json")
    about = ", ".join(manifest.facts)
    for fact in named:
        if fact.id not in manifest.facts:
            raise MismatchError(f"the corpus in {folder} is about '{about}', not '{fact.id}'")
    given = {fact.id: fact for fact in (*known, *named)}
    facts = tuple(
        given[id_] if id_ in given else load_fact(id_) for id_ in manifest.facts if id_ in given or in_catalogue(id_)
    )
    gates = "every document passed the gates" if manifest.gates else "no gate was asked"
    origin = [f"imported from {manifest.source}"] if manifest.source else []
    return Source(_Stored(folder / DOCUMENTS), facts, [*origin, gates])
