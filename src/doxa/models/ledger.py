"""The ledger: every call's request and response in SQLite, so that nothing is asked twice."""

import hashlib
import json
import sqlite3
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from doxa.errors import StorageError
from doxa.models.protocol import Answer, GenerateRequest, Model, ScoreRequest, Scores

SCHEMA = """
CREATE TABLE IF NOT EXISTS calls (
    key TEXT PRIMARY KEY, model TEXT NOT NULL, kind TEXT NOT NULL, request TEXT NOT NULL, response TEXT NOT NULL,
    made TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
) WITHOUT ROWID
"""

Request = TypeVar("Request", GenerateRequest, ScoreRequest)
Response = TypeVar("Response", Answer, Scores)


class Ledger:
    """One SQLite file of calls.

    Args:
        path: The file; made where it is not there.

    Raises:
        StorageError: The file cannot be opened or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._explained():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute(SCHEMA)
            self._db.commit()

    def close(self) -> None:
        """Closes the file."""
        self._db.close()

    def find(self, keys: Sequence[str]) -> dict[str, str]:
        """Returns the stored responses (JSON) of those keys that are here."""
        found: dict[str, str] = {}
        with self._explained():
            for start in range(0, len(keys), 500):  # SQLite takes a bounded number of parameters
                part = keys[start : start + 500]
                marks = ",".join("?" * len(part))
                found.update(self._db.execute(f"SELECT key, response FROM calls WHERE key IN ({marks})", part))
        return found

    def store(self, rows: Sequence[tuple[str, str, str, str, str]]) -> None:
        """Stores (key, model, kind, request, response) rows in one transaction: all of them or none.

        Raises:
            StorageError: The disk is full or the file cannot be written; nothing that was stored before is lost.
        """
        with self._explained(), self._db:
            self._db.executemany(
                "INSERT OR IGNORE INTO calls (key, model, kind, request, response) VALUES (?, ?, ?, ?, ?)", rows
            )

    def __len__(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM calls").fetchone()[0])

    @contextmanager
    def _explained(self) -> Generator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StorageError(
                f"the ledger {self.path} cannot be read or written: {error}; what it held is kept"
            ) from None


def call_key(identity: str, kind: str, request: BaseModel) -> str:
    """Names a call by all that decides its answer: model with adapter digest, kind, request with sample index."""
    content = json.dumps([identity, kind, request.model_dump()], sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(content.encode()).hexdigest()[:32]


class Recorded:
    """A model behind a ledger: answers what is stored from the store, asks the model for the rest, stores as it comes.

    Args:
        model: Who answers.
        ledger: Where calls are kept.
    """

    def __init__(self, model: Model, ledger: Ledger) -> None:
        self.model, self.ledger = model, ledger

    @property
    def identity(self) -> str:
        """The identity of the model behind."""
        return self.model.identity

    def keys(self, kind: str, requests: Sequence[BaseModel]) -> list[str]:
        """Returns the ledger keys of requests of one kind, `generate` or `score`."""
        return [call_key(self.identity, kind, request) for request in requests]

    def generate(
        self, requests: Sequence[GenerateRequest], done: Callable[[int], Any] = lambda _: None
    ) -> list[Answer]:
        """Returns one answer a request, in order. `done` hears how many more are there."""
        return self._ask("generate", requests, self.model.generate, Answer, done)

    def score(self, requests: Sequence[ScoreRequest], done: Callable[[int], Any] = lambda _: None) -> list[Scores]:
        """Returns one record of scores a request, in order."""
        return self._ask("score", requests, self.model.score, Scores, done)

    def _ask(
        self,
        kind: str,
        requests: Sequence[Request],
        ask: Callable[[Sequence[Request]], Iterator[list[tuple[int, Response]]]],
        response: type[Response],
        done: Callable[[int], Any],
    ) -> list[Response]:
        keys = self.keys(kind, requests)
        stored = self.ledger.find(keys)
        answers = {key: response.model_validate_json(text) for key, text in stored.items()}
        missing = {key: request for key, request in zip(keys, requests, strict=True) if key not in answers}
        done(len(requests) - len(missing))
        open_keys, open_requests = list(missing), list(missing.values())
        if open_requests:
            for batch in ask(open_requests):
                self.ledger.store(
                    [
                        (
                            open_keys[index],
                            self.identity,
                            kind,
                            open_requests[index].model_dump_json(),
                            answer.model_dump_json(),
                        )
                        for index, answer in batch
                        if _lasting(answer)
                    ]
                )
                answers.update((open_keys[index], answer) for index, answer in batch)
                done(len(batch))
        return [answers[key] for key in keys]


def _lasting(answer: Answer | Scores) -> bool:
    """An answer that failed is not kept, so that the next run asks again."""
    return not (isinstance(answer, Answer) and answer.stop == "error")
