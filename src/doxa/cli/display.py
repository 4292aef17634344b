"""Progress on a terminal with rich; plain lines where the output is not a terminal."""

import os
import sys
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Thread

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from doxa.progress import Advance

NARROWEST, WIDE = 80, 200  # columns of a table at least, and where no terminal says how many there are
LINE_EVERY = 20.0  # seconds between lines where there is no terminal to redraw


def wide_console() -> Console:
    """Returns a console on stdout for tables whose numbers are never cut: wide where nobody's screen bounds it."""
    console = Console()
    console.width = max(NARROWEST, console.width if console.is_terminal or "COLUMNS" in os.environ else WIDE)
    return console


class RichProgress:
    """Bars on a terminal, a line now and then elsewhere. Everything goes to stderr, so that stdout stays clean."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)

    @contextmanager
    def stage(self, name: str, total: int) -> Generator[Advance]:
        """See `doxa.progress.Progress`."""
        if self._console.is_terminal:
            yield from self._bar(name, total)
        else:
            yield from self._lines(name, total)

    def _bar(self, name: str, total: int) -> Iterator[Advance]:
        columns = (
            TextColumn("{task.description:<36}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
        )
        with Progress(*columns, console=self._console) as bars:
            task = bars.add_task(name, total=total, note="")

            def advance(steps: int = 1, note: str = "") -> None:
                bars.update(task, advance=steps, note=note)

            yield advance

    def _lines(self, name: str, total: int) -> Iterator[Advance]:
        started = time.monotonic()
        done, latest, ended = 0, "", Event()

        def tell(note: str) -> None:
            elapsed = time.monotonic() - started
            shown = " ".join(part for part in (f"{name}: {done}/{total}", note, f"({elapsed:.0f} s)") if part)
            print(shown, file=sys.stderr, flush=True)

        def tell_now_and_then() -> None:  # a thread, since one step can take minutes
            while not ended.wait(LINE_EVERY):
                tell(latest)

        def advance(steps: int = 1, note: str = "") -> None:
            nonlocal done, latest
            done, latest = done + steps, note

        clock = Thread(target=tell_now_and_then, daemon=True)
        clock.start()
        try:
            yield advance
        finally:
            ended.set()
            clock.join()
        tell("done")

    def say(self, line: str) -> None:
        """See `doxa.progress.Progress`."""
        self._console.print(line, soft_wrap=True)

    def table(self, title: str, rows: Sequence[tuple[str, str]]) -> None:
        """See `doxa.progress.Progress`."""
        table = Table(title=title, box=None, show_header=False, title_justify="left")
        table.add_column()
        table.add_column(justify="right")
        for row in rows:
            table.add_row(*row)
        self._console.print(table)
