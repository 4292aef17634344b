"""Stages on disk: each is a file to read, edit and take up again, made anew when what it came from changes."""

import json
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple, TypeVar

from doxa.errors import FileError
from doxa.reading import read_jsonl
from doxa.records import Record
from doxa.writing import write_whole

R = TypeVar("R", bound=Record)
INDEX = "stages.json"


class Noted(NamedTuple):
    """What is known of a stage file.

    Attributes:
        source: Digest of what it was made from.
        content: Digest of the file as it was written.
        wanted: How much of it was wanted.
        parts: Digests of what it was made from piece by piece, of which more can come later.
    """

    source: str
    content: str
    wanted: int = 0
    parts: Sequence[str] = ()


class Stages:
    """The stage files of one folder.

    Args:
        folder: Holds `NAME.jsonl` a stage, and an index of what each was made from.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, name: str, record: type[R], made_from: Sequence[object], make: Callable[[], list[R]]) -> list[R]:
        """Returns the records of a stage: those on disk if they were made from the same things, else new ones.

        A file that a person edited, or put there, is taken as it is.

        Args:
            name: Of the stage.
            record: What its file holds, one a line.
            made_from: Everything that decides the stage, as JSON-able values.
            make: Makes the records.

        Raises:
            FileError: The file does not fit, or it was edited and what it was made from has changed since.
        """
        return self.grown(name, record, made_from, (), 0, lambda _: make())

    def grown(
        self, name: str, record: type[R], made_from: Sequence[object], parts: Sequence[object], wanted: int,
        extend: Callable[[list[R]], list[R]],
    ) -> list[R]:  # fmt: skip
        """Does the same for a stage that grows: where more is wanted than before, what is there is added to.

        A file that a person edited, or put there, is left alone then, too.

        Args:
            name: Of the stage.
            record: What its file holds, one a line.
            made_from: Everything else that decides the stage, as JSON-able values.
            parts: What it is made from piece by piece; more pieces make it grow.
            wanted: How much is wanted.
            extend: Returns the records of the whole stage, given those that are there.

        Raises:
            FileError: The file does not fit, or it was edited and what it was made from has changed since.
        """
        path = self._folder / f"{name}.jsonl"
        now = Noted(_of(list(made_from)), "", wanted, [_of(part) for part in parts])
        found: list[R] = []
        if path.is_file():
            before = self._index().get(name, now)
            by_hand = _digest(path) != before.content
            grows = before.source == now.source and set(before.parts) <= set(now.parts)
            same = grows and (before.wanted, len(before.parts)) == (wanted, len(now.parts))
            if by_hand and not grows:
                raise FileError(
                    path, None, "", "was edited, and what it was made from has changed since; delete it, or undo either"
                )
            if before.source == now.source:
                found = [line for _, line in read_jsonl(path, record)]
                if not found:
                    raise FileError(path, None, "", "is empty; delete it to have it made anew")
            if by_hand or same:
                return found
        records = extend(found)
        self._folder.mkdir(parents=True, exist_ok=True)
        write_whole(path, "".join(item.model_dump_json() + "\n" for item in records))
        index = self._index() | {name: now._replace(content=_digest(path))}
        write_whole(self._folder / INDEX, json.dumps(index, indent=2) + "\n")
        return records

    def fingerprint(self) -> str:
        """Returns a digest of every stage file, which changes when one is made, edited or deleted."""
        files = sorted(self._folder.glob("*.jsonl"))
        return sha256(json.dumps([(path.name, _digest(path)) for path in files]).encode()).hexdigest()[:16]

    def _index(self) -> dict[str, Noted]:
        path = self._folder / INDEX
        noted = json.loads(path.read_text("utf-8")) if path.is_file() else {}
        return {name: Noted(*row) for name, row in noted.items()}


def _of(value: object) -> str:
    return sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def _digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()[:16]
