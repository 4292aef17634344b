"""The calls behind rows, read from a run's ledger without a trace: nothing in the run folder is touched."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from doxa.errors import MissingError, StorageError
from doxa.models.ledger import LEDGER, open_to_read, stored_calls
from doxa.models.protocol import Answer, GenerateRequest, ScoreRequest, Scores


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
    columns = "key, model, made, kind, request, response"
    found: dict[str, Call] = {}
    try:
        with closing(open_to_read(path)) as ledger:
            for key, model, made, kind, request, response in stored_calls(ledger, keys, columns):
                found[key] = _call(key, model, made, kind, request, response)
    except sqlite3.Error as error:
        raise StorageError(f"the ledger {path} cannot be read: {error}") from None
    return found


def _call(key: str, model: str, made: str, kind: str, request: str, response: str) -> Call:
    when = datetime.fromisoformat(made)
    if kind == "score":
        return Call(key, model, when, ScoreRequest.model_validate_json(request), Scores.model_validate_json(response))
    return Call(key, model, when, GenerateRequest.model_validate_json(request), Answer.model_validate_json(response))
