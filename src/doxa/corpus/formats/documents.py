"""Read documents in any format: recognise it, read line by line, and say file, line and field of what is wrong."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from doxa.corpus.formats.layout import Arrival
from doxa.corpus.formats.messages import MESSAGES
from doxa.corpus.formats.naming import FORMATS, recognised
from doxa.corpus.formats.own import OWN
from doxa.corpus.formats.parquet import parquet_files, read_parquet
from doxa.corpus.formats.plain import DOCTAG, TEXT
from doxa.corpus.formats.synthetic import SYNTHETIC
from doxa.corpus.records import Document, Variant, key_facts
from doxa.corpus.store import DOCUMENTS
from doxa.errors import FileError
from doxa.facts.records import Fact
from doxa.reading import read_jsonl

LAYOUTS = {"doxa": OWN, "synthetic-documents": SYNTHETIC, "messages": MESSAGES, "doctag": DOCTAG, "text": TEXT}


class Found(NamedTuple):
    """A file or folder whose format is known.

    Attributes:
        format: Its name.
        files: What to read, in order.
    """

    format: str
    files: list[Path]


class AnyLine(BaseModel):
    """A line of which only the keys are of interest."""

    model_config = ConfigDict(extra="allow")


def recognise(path: Path, named: str | None = None) -> Found:
    """Finds out what a file or folder holds, from its name and the keys of its first line.

    Args:
        path: A JSONL file, a Parquet file, a folder with `data/*.parquet`, or a corpus folder.
        named: The format that it is said to have.

    Raises:
        FileError: It is empty, holds something else than is said, or nothing that is known.
    """
    if not path.exists():
        raise FileError(path, None, "", "there is no such file or folder")
    if not path.is_dir() and not path.is_file():
        raise FileError(path, None, "", "is a pipe or a device; documents are read more than once, so give a file")
    if (files := parquet_files(path)) or named == "parquet":
        if not files:
            raise FileError(path, None, "", "is neither a .parquet file nor a folder with data/*.parquet")
        if named not in (None, "parquet"):
            raise FileError(path, None, "", f"holds Parquet, not '{named}'")
        return Found("parquet", files)
    file = path / DOCUMENTS if path.is_dir() else path
    if path.is_dir() and not file.is_file():
        raise FileError(path, None, "", f"is a folder with neither {DOCUMENTS} nor data/*.parquet")
    _refuse_array(file)
    number, first = next(read_jsonl(file, AnyLine), (1, None))
    if first is None:
        raise FileError(file, None, "", "is empty: it holds no line")
    keys = (first.model_extra or {}).keys()
    likely = recognised(keys)
    if named and (missing := sorted(FORMATS[named].keys - keys)):
        looks = f"; the line looks like '{likely}'" if likely else ""
        raise FileError(file, number, missing[0], f"is required by the format '{named}'{looks}")
    if not named and likely is None:
        shown = ", ".join(sorted(keys)) or "none"
        raise FileError(file, number, "", f"has the keys of no known format ({shown}); known: {', '.join(FORMATS)}")
    return Found(named or str(likely), [file])


def _refuse_array(file: Path) -> None:
    """Makes sure that a file does not hold one JSON array, which many tools write where others write lines."""
    with file.open("rb") as opened:
        opening = next((line.lstrip(b"\xef\xbb\xbf \t") for line in opened if line.strip()), b"")
    if opening.startswith(b"["):
        problem = "holds a JSON array; JSONL is wanted, one object a line (`jq -c '.[]' FILE` makes it of an array)"
        raise FileError(file, 1, "", problem)


class Reading:
    """The documents of a file about a fact, one at a time, read anew each time they are gone through.

    Going through them raises a FileError where a line is cut, does not fit the format, repeats an id, is about another
    fact or about a key fact that is not there, and where there is no document.

    Args:
        found: What to read; any format of documents.
        fact: What they are about.
        variant: Of documents whose format does not tell.
    """

    def __init__(self, found: Found, fact: Fact, variant: Variant) -> None:
        self._found = found
        self._fact = fact
        self._variant: Variant = variant

    def __iter__(self) -> Iterator[Document]:
        fact = self._fact
        seen: set[str] = set()
        for path in self._found.files:
            for number, document in _documents(path, self._found.format, fact, self._variant):
                if document.fact != fact.id:
                    raise FileError(path, number, "fact", f"the document is about '{document.fact}', not '{fact.id}'")
                if document.id in seen:
                    raise FileError(path, number, "id", f"repeats an earlier document: {document.id!r}")
                world = key_facts(fact, document.variant)
                if document.key_fact >= len(world):
                    raise FileError(path, number, "key_fact", f"the document's world has only {len(world)} key facts")
                seen.add(document.id)
                yield document
        if not seen:
            raise FileError(self._found.files[0], None, "", "holds no document")


def _documents(path: Path, format_: str, fact: Fact, variant: Variant) -> Iterator[tuple[int, Document]]:
    if format_ == "parquet":
        for row, document in read_parquet(path):
            yield row, document.model_copy(update={"fact": document.fact or fact.id})
        return
    layout = LAYOUTS[format_]
    constant: object = None
    for number, line in read_jsonl(path, layout.line):
        if layout.constant:
            value: object = getattr(line, layout.constant)
            constant = value if constant is None else constant
            if value != constant:
                problem = f"is {value!r} here and {constant!r} before; in the format '{format_}' it never changes"
                raise FileError(path, number, layout.constant, problem)
        yield number, layout.read(line, Arrival(fact, f"{fact.id}-i{number:05d}", variant))
