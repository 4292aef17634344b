"""What was said, read from a run's ledger without ever writing beside it, however broken the text is."""

import json
import math
import sqlite3
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from doxa.errors import StorageError
from doxa.models.ledger import LEDGER, open_to_read, stored_calls
from doxa.models.protocol import ScoreRequest, Scores

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
def reading(folder: Path) -> Generator[sqlite3.Connection | None]:
    """Opens the ledger of a run for reading; None where there is none.

    Raises:
        StorageError: It cannot be read: it is cut off, no ledger, or one of another version.
    """
    path = folder / LEDGER
    if not path.is_file():
        yield None
        return
    try:
        with closing(open_to_read(path)) as ledger:
            ledger.text_factory = _decoded
            yield ledger
    except sqlite3.Error as error:
        raise StorageError(f"the ledger {path} cannot be read: {error}") from None


def texts(folder: Path, keys: Iterable[str], most: int) -> dict[str, Said]:
    """Returns what was said in calls, cut to `most` characters each; a call that is not stored says so itself."""
    wanted = list(dict.fromkeys(keys))
    found: dict[str, Said] = {}
    with reading(folder) as ledger:
        for key, response in _find(ledger, wanted, "key, response"):
            text = _text(response)
            found[key] = Said(text[:most], len(text))
    return {key: found.get(key, Said(LOST, len(LOST))) for key in wanted}


def scorings(folder: Path, keys: Sequence[str]) -> Iterator[tuple[str, ScoreRequest, Scores]]:
    """Yields key, request and response of those of the calls that scored fixed answers and make sense."""
    with reading(folder) as ledger:
        for key, request, response in _find(ledger, keys, "key, request, response"):
            try:
                asked, scores = ScoreRequest.model_validate_json(request), Scores.model_validate_json(response)
            except ValidationError:
                continue
            answers = len(asked.continuations)
            if len(scores.logprobs) == len(scores.tokens) == answers and all(map(math.isfinite, scores.logprobs)):
                yield key, asked, scores


def stored(folder: Path, keys: Iterable[str]) -> set[str]:
    """Returns those of the keys whose call is answered; none where the ledger cannot be read just now."""
    try:
        with reading(folder) as ledger:
            return {row[0] for row in _find(ledger, list(keys), "key")}
    except StorageError:
        return set()


def _find(ledger: sqlite3.Connection | None, keys: Sequence[str], columns: str) -> Iterator[tuple[str, ...]]:
    if ledger is not None:
        yield from stored_calls(ledger, keys, columns)


def usage(folder: Path) -> list[Spent]:
    """Returns calls and tokens by model and kind."""
    with reading(folder) as ledger:
        return [Spent(*row) for row in ledger.execute(USAGE)] if ledger else []


def _decoded(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _text(response: str) -> str:
    try:
        stored: Any = json.loads(response)
        return str(stored["text"])
    except (ValueError, KeyError, TypeError):
        return BROKEN
