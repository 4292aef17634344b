"""Sections of the page as data: words, figures and tables. How they look is up to the templates."""

import csv
import io
import re
from collections.abc import Sequence
from typing import NamedTuple

from doxa.stats.estimates import Estimate

Cell = Estimate | str | int | float | None
PARTS = ("", " low", " high", " n", " clusters")  # what an estimate becomes in a file of comma-separated values
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # openings that a spreadsheet would run instead of show


class Table(NamedTuple):
    """Numbers in rows.

    Attributes:
        title: Names it, and the file that it can be saved as.
        columns: Heads.
        rows: A cell a column; an estimate is shown with its interval and n.
        signed: Columns whose estimates are differences and carry a sign.
        below: A column of sentences that stands on a line of its own under each row of the page; "" for none.
    """

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[Cell, ...]]
    signed: tuple[str, ...] = ()
    below: str = ""

    @property
    def file_name(self) -> str:
        """What the table is called as a file."""
        return f"{slug(self.title)}.csv"

    def csv(self) -> str:
        """Returns the table as comma-separated values, an estimate as five columns."""
        wide = [any(isinstance(row[place], Estimate) for row in self.rows) for place in range(len(self.columns))]
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        heads = zip(self.columns, wide, strict=True)
        writer.writerow([head + part for head, is_wide in heads for part in (PARTS if is_wide else ("",))])
        for row in self.rows:
            writer.writerow(
                [value for cell, is_wide in zip(row, wide, strict=True) for value in _values(cell, is_wide)]
            )
        return text.getvalue()


class Figure(NamedTuple):
    """Drawings that answer one question, and the numbers in them.

    Attributes:
        title: The question, or what is shown.
        drawings: SVG, one a panel.
        table: The same in numbers.
        words: How to read it.
        folded: Whether it is closed at first, since nothing in it moved.
    """

    title: str
    drawings: tuple[str, ...]
    table: Table
    words: str = ""
    folded: bool = False


class Section(NamedTuple):
    """One heading of the page and all that stands under it.

    Attributes:
        id: Of the heading, for links; unique among the sections of a fact.
        title: The heading.
        words: Paragraphs.
        parts: Figures and tables.
        lines: A list under everything else.
    """

    id: str
    title: str
    words: tuple[str, ...] = ()
    parts: tuple[Figure | Table, ...] = ()
    lines: tuple[str, ...] = ()


def slug(text: str) -> str:
    """Returns a text as the name of a file or of a place in the page."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "table"


def _values(cell: Cell, is_wide: bool) -> list[object]:
    if isinstance(cell, Estimate):
        return [cell.value, cell.low, cell.high, cell.n, cell.clusters]
    shown = "" if cell is None else f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell
    return [shown, "", "", "", ""] if is_wide else [shown]
