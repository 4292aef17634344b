"""What was said, read from a run's ledger without ever writing beside it, however broken the text is."""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from doxa.models.ledger import LEDGER

MANY = 500  # SQLite takes a bounded number of parameters
LOST = "(the call is not in the ledger)"
BROKEN = "(the stored call cannot be read)"
USAGE = """
    SELECT model, kind, count(*), sum(coalesce(json_extract(response, '$.tokens_in'), 0)),
           sum(coalesce(json_extract(response, '$.tokens_out'), 0)), min(made), max(made)
    FROM calls WHERE json_valid(response) GROUP BY model, kind ORDER BY model, kind
"""


class Said(NamedTuple):
    """One stored answer.

    Attributes:
        text: Its beginning.
        length: Characters of the whole.
    """

    text: str
    length: int


class Spent(NamedTuple):
    """What one model was asked: calls, tokens, and from when to when (UTC)."""

    model: str
    kind: str
    calls: int
    tokens_in: int
    tokens_out: int
    first: str
    last: str


@contextmanager
def reading(folder: Path) -> Iterator[sqlite3.Connection | None]:
    """Opens the ledger of a run for reading; None where there is none.

    Where nobody writes, the file is opened as immutable: SQLite would else put files of its own beside it.
    """
    path = folder / LEDGER
    if not path.is_file():
        yield None
        return
    mode = "mode=ro" if path.with_name(f"{LEDGER}-wal").exists() else "immutable=1"
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?{mode}", uri=True)) as ledger:
        ledger.text_factory = lambda raw: raw.decode("utf-8", "replace")
        yield ledger


def texts(folder: Path, keys: Iterable[str], most: int) -> dict[str, Said]:
    """Returns what was said in calls, cut to `most` characters each; a call that is not stored says so itself."""
    wanted = list(dict.fromkeys(keys))
    found: dict[str, Said] = {}
    with reading(folder) as ledger:
        for start in range(0, len(wanted) if ledger else 0, MANY):
            part = wanted[start : start + MANY]
            marks = ",".join("?" * len(part))
            assert ledger is not None
            for key, response in ledger.execute(f"SELECT key, response FROM calls WHERE key IN ({marks})", part):
                text = _text(response)
                found[key] = Said(text[:most], len(text))
    return {key: found.get(key, Said(LOST, len(LOST))) for key in wanted}


def usage(folder: Path) -> list[Spent]:
    """Returns calls and tokens by model and kind."""
    with reading(folder) as ledger:
        return [Spent(*row) for row in ledger.execute(USAGE)] if ledger else []


def _text(response: str) -> str:
    try:
        stored: Any = json.loads(response)
        return str(stored["text"])
    except (ValueError, KeyError, TypeError):
        return BROKEN
