"""How long work tells how far it is. Work calls `stage`; who shows it, and where, is the caller's choice."""

import json
import time
from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from doxa.writing import write_whole

NOTE_EVERY = 2.0  # seconds between two notes of a stage


class Advance(Protocol):
    """Says that `steps` more are done, with a short note such as the current loss."""

    def __call__(self, steps: int = 1, note: str = "") -> None:
        """Moves the bar."""
        ...


class Progress(Protocol):
    """Shows stages of long work."""

    def stage(self, name: str, total: int) -> AbstractContextManager[Advance]:
        """Opens a stage of `total` steps."""
        ...

    def say(self, line: str) -> None:
        """Shows one line between stages."""
        ...

    def table(self, title: str, rows: Sequence[tuple[str, str]]) -> None:
        """Shows a small table of names and values."""
        ...


class Silent:
    """Shows nothing: for programs and tests."""

    @contextmanager
    def stage(self, name: str, total: int) -> Generator[Advance]:
        """See `Progress.stage`."""

        def advance(steps: int = 1, note: str = "") -> None:
            del steps, note

        yield advance

    def say(self, line: str) -> None:
        """See `Progress.say`."""

    def table(self, title: str, rows: Sequence[tuple[str, str]]) -> None:
        """See `Progress.table`."""


class Noted:
    """Shows what another shows, and keeps the stage that is under way in a file for whoever looks from elsewhere.

    Args:
        shown: Who else hears of every stage.
        path: The file: JSON with name, done, total, note and seconds. It is there only while a stage is under way, or
            where a run was killed in one.
    """

    def __init__(self, shown: Progress, path: Path) -> None:
        self._shown, self._path = shown, path
        path.unlink(missing_ok=True)

    @contextmanager
    def stage(self, name: str, total: int) -> Generator[Advance]:
        """See `Progress.stage`."""
        started = time.monotonic()
        noted, done = started, 0

        def keep(note: str) -> None:
            nonlocal noted
            noted = time.monotonic()
            seconds = round(noted - started)
            stage = {"name": name, "done": done, "total": total, "note": note, "seconds": seconds}
            write_whole(self._path, json.dumps(stage) + "\n")

        with self._shown.stage(name, total) as advance:

            def advance_both(steps: int = 1, note: str = "") -> None:
                nonlocal done
                done += steps
                advance(steps, note)
                if time.monotonic() - noted >= NOTE_EVERY:
                    keep(note)

            keep("")
            try:
                yield advance_both
            finally:
                self._path.unlink(missing_ok=True)

    def say(self, line: str) -> None:
        """See `Progress.say`."""
        self._shown.say(line)

    def table(self, title: str, rows: Sequence[tuple[str, str]]) -> None:
        """See `Progress.table`."""
        self._shown.table(title, rows)
