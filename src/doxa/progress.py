"""How long work tells how far it is. Work calls `stage`; who shows it, and where, is the caller's choice."""

from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


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
