"""The calls behind rows, read from a run's ledger without a trace: nothing in the run folder is touched."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from doxa.errors import MissingError, StorageError
from doxa.models.ledger import LEDGER
from doxa.models.protocol import Answer, GenerateRequest, ScoreRequest, Scores

AT_ONCE = 500  # SQLite takes a bounded number of parameters


class Call(NamedTuple):
    """One stored call.

    Attributes:
        key: Its ledger key.
        model: Identity of who was asked.
        made: When the answer was stored.
    """

    key: str
    model: str
    made: datetime
    request: GenerateRequest | ScoreRequest
    response: Answer | Scores


def read_calls(run: Path, keys: Sequence[str]) -> dict[str, Call]:
    """Returns those of the calls that the ledger of a run has; failed calls are never stored.

    Raises:
        MissingError: The run has no ledger.
        StorageError: It cannot be read.
    """
    path = run / LEDGER
    if not path.is_file():
        raise MissingError(f"{run} has no {LEDGER}; without the stored answers there is nothing to write")
    # Beside a ledger that somebody writes stands a log of the latest changes; without one, SQLite need not lock.
    mode = "mode=ro" if Path(f"{path}-wal").exists() else "immutable=1"
    found: dict[str, Call] = {}
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path.resolve()))}?{mode}", uri=True)) as ledger:
            for start in range(0, len(keys), AT_ONCE):
                part = keys[start : start + AT_ONCE]
                marks = ",".join("?" * len(part))
                query = f"SELECT key, model, made, kind, request, response FROM calls WHERE key IN ({marks})"
                for key, model, made, kind, request, response in ledger.execute(query, part):
                    found[key] = _call(key, model, made, kind, request, response)
    except sqlite3.Error as error:
        raise StorageError(f"the ledger {path} cannot be read: {error}") from None
    return found


def _call(key: str, model: str, made: str, kind: str, request: str, response: str) -> Call:
    when = datetime.fromisoformat(made)
    if kind == "score":
        return Call(key, model, when, ScoreRequest.model_validate_json(request), Scores.model_validate_json(response))
    return Call(key, model, when, GenerateRequest.model_validate_json(request), Answer.model_validate_json(response))
