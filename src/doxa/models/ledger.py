"""The ledger: every call's request and response in SQLite, so that nothing is asked twice."""

import hashlib
import json
import sqlite3
import uuid
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from doxa.errors import StorageError
from doxa.models.protocol import Answer, GenerateRequest, Model, ScoreRequest, Scores
from doxa.records import Record

LEDGER = "ledger.sqlite"  # its name in every folder that has one
SCHEMA = """
CREATE TABLE IF NOT EXISTS calls (
    key TEXT PRIMARY KEY, model TEXT NOT NULL, kind TEXT NOT NULL, request TEXT NOT NULL, response TEXT NOT NULL,
    made TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sent (run TEXT NOT NULL, key TEXT NOT NULL, model TEXT NOT NULL, most_usd REAL NOT NULL);
CREATE INDEX IF NOT EXISTS sent_keys ON sent (key);
CREATE TABLE IF NOT EXISTS batches (token TEXT PRIMARY KEY, model TEXT NOT NULL, keys TEXT NOT NULL, id TEXT);
"""
TAKE_OVER = """
UPDATE sent SET run = :run WHERE rowid = (SELECT max(rowid) FROM sent WHERE key = :key) AND run != :run
RETURNING most_usd
"""
USAGE_FIELDS = ("model", "calls", "tokens_in", "tokens_out", "batched_in", "batched_out", "attempts")
USAGE = """
SELECT model, count(*), sum(tokens_in), sum(tokens_out), sum(batched * tokens_in), sum(batched * tokens_out),
    sum(attempts)
FROM (
    SELECT model, response ->> 'tokens_in' AS tokens_in, response ->> 'tokens_out' AS tokens_out,
        coalesce(response ->> 'batched', 0) AS batched, coalesce(response ->> 'attempts', 1) AS attempts
    FROM calls WHERE kind = 'generate'
)
GROUP BY model ORDER BY model
"""


Request = TypeVar("Request", GenerateRequest, ScoreRequest)
Response = TypeVar("Response", Answer, Scores)


class Usage(Record):
    """What one model was asked and what it counted.

    Attributes:
        model: Its identity.
        calls: Answers that are stored.
        tokens_in: Tokens of their prompts.
        tokens_out: Tokens that were sampled.
        batched_in: Prompt tokens among them that came through a batch API.
        batched_out: Sampled tokens among them that came through a batch API.
        attempts: Attempts that the answers took; those that failed are hardly ever billed.
        lost: Calls that were under way when a run was killed: their answers never came, but they may be billed.
        lost_usd: The most that the lost calls can have cost, where a price was known.
    """

    model: str
    calls: int
    tokens_in: int
    tokens_out: int
    batched_in: int
    batched_out: int
    attempts: int
    lost: int = 0
    lost_usd: float = 0.0


AT_ONCE = 500  # SQLite takes a bounded number of parameters


class Ledger:
    """One SQLite file of calls.

    Args:
        path: The file; made where it is not there.

    Raises:
        StorageError: The file cannot be opened or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._run = uuid.uuid4().hex
        with self._explained():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.executescript(SCHEMA)
            self._db.commit()

    def close(self) -> None:
        """Closes the file."""
        self._db.close()

    def find(self, keys: Sequence[str]) -> dict[str, str]:
        """Returns the stored responses (JSON) of those keys that are here."""
        with self._explained():
            return dict(stored_calls(self._db, keys, "key, response"))

    def store(self, rows: Sequence[tuple[str, str, str, str, str]], ended: Sequence[str] = ()) -> None:
        """Stores (key, model, kind, request, response) rows in one transaction: all of them or none.

        Args:
            rows: Answered calls.
            ended: Keys of calls that are no longer under way, answered or failed.

        Raises:
            StorageError: The disk is full or the file cannot be written; nothing that was stored before is lost.
        """
        with self._explained(), self._db:
            self._db.executemany(
                "INSERT OR IGNORE INTO calls (key, model, kind, request, response) VALUES (?, ?, ?, ?, ?)", rows
            )
            self._db.executemany("DELETE FROM sent WHERE key = ? AND run = ?", [(key, self._run) for key in ended])

    def note_sent(self, model: str, keys: Sequence[str], most_usd: Sequence[float]) -> None:
        """Notes calls before they are sent, so that a run that is killed knows what it may have been billed for."""
        with self._explained(), self._db:
            self._db.executemany(
                "INSERT INTO sent (run, key, model, most_usd) VALUES (?, ?, ?, ?)",
                [(self._run, key, model, usd) for key, usd in zip(keys, most_usd, strict=True)],
            )

    def note_batch(self, token: str, model: str, keys: Sequence[str]) -> None:
        """Notes a batch of calls before it is sent."""
        with self._explained(), self._db:
            self._db.execute(
                "INSERT INTO batches (token, model, keys) VALUES (?, ?, ?)", (token, model, json.dumps(keys))
            )

    def note_batch_id(self, token: str, identifier: str) -> None:
        """Notes the provider's name for a batch, before it is first asked after."""
        with self._explained(), self._db:
            self._db.execute("UPDATE batches SET id = ? WHERE token = ?", (identifier, token))

    def note_batch_rest(self, token: str, keys: Sequence[str]) -> None:
        """Notes which calls of a batch are still to be stored; with none left, the batch is forgotten."""
        with self._explained(), self._db:
            if keys:
                self._db.execute("UPDATE batches SET keys = ? WHERE token = ?", (json.dumps(keys), token))
            else:
                self._db.execute("DELETE FROM batches WHERE token = ?", (token,))

    def take_over(self, keys: Sequence[str]) -> dict[str, float]:
        """Notes that calls of a killed run, the last one sent of each key, are under way in this run and not lost.

        Returns:
            The most that each of them can cost, by its key, without those that were this run's already.
        """
        with self._explained(), self._db:
            found = {key: self._db.execute(TAKE_OVER, {"run": self._run, "key": key}).fetchall() for key in keys}
        return {key: float(rows[0][0]) for key, rows in found.items() if rows}

    def batches(self, model: str) -> list[tuple[str, str | None, list[str]]]:
        """Returns (token, id, keys) of the batches under way; without an id nobody knows whether it was sent."""
        with self._explained():
            rows = self._db.execute("SELECT token, id, keys FROM batches WHERE model = ?", (model,)).fetchall()
        return [(token, identifier, json.loads(keys)) for token, identifier, keys in rows]

    def usage(self) -> list[Usage]:
        """Returns what each model was asked so far, over every run that used this ledger."""
        with self._explained():
            calls = self._db.execute(USAGE).fetchall()
            lost = {
                model: (count, usd)
                for model, count, usd in self._db.execute(
                    "SELECT model, count(*), sum(most_usd) FROM sent WHERE run != ? GROUP BY model", (self._run,)
                )
            }
        found = [Usage.model_validate(dict(zip(USAGE_FIELDS, row, strict=True))) for row in calls]
        unanswered = [Usage.model_validate({**dict.fromkeys(USAGE_FIELDS, 0), "model": name}) for name in lost]
        known = {usage.model for usage in found}
        return [
            usage.model_copy(update=dict(zip(("lost", "lost_usd"), lost.get(usage.model, (0, 0.0)), strict=True)))
            for usage in [*found, *(usage for usage in unanswered if usage.model not in known)]
        ]

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


def open_to_read(path: Path) -> sqlite3.Connection:
    """Opens a ledger without leaving a trace beside it.

    Beside a ledger that somebody writes stands a log of the latest changes; without one SQLite need not lock, and would
    else put files of its own there.
    """
    mode = "mode=ro" if path.with_name(f"{path.name}-wal").exists() else "immutable=1"
    return sqlite3.connect(f"{path.resolve().as_uri()}?{mode}", uri=True)


def stored_calls(ledger: sqlite3.Connection, keys: Sequence[str], columns: str) -> Iterator[tuple[Any, ...]]:
    """Yields the named columns of those of the calls that are stored."""
    for start in range(0, len(keys), AT_ONCE):
        part = keys[start : start + AT_ONCE]
        yield from ledger.execute(f"SELECT {columns} FROM calls WHERE key IN ({','.join('?' * len(part))})", part)


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
                    ],
                    ended=[open_keys[index] for index, _ in batch],
                )
                answers.update((open_keys[index], answer) for index, answer in batch)
                done(len(batch))
        return [answers[key] for key in keys]


def _lasting(answer: Answer | Scores) -> bool:
    """An answer that failed is not kept, so that the next run asks again."""
    return not (isinstance(answer, Answer) and answer.stop == "error")
