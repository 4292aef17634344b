"""Tables of a report on a terminal of any width: names may break, numbers never do."""

from collections.abc import Sequence
from typing import NamedTuple

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from doxa.report.sections import Cell, Figure, Section, Table
from doxa.report.wording import interval, number
from doxa.stats.estimates import Estimate

GAP = 2  # columns between two cells
BROKEN = 6  # characters a line that even a word of a name may be broken to


class _Column(NamedTuple):
    head: str
    cells: list[str]
    is_text: bool

    @property
    def floor(self) -> int:
        """The width at which no number and no word is broken."""
        cells = [word for cell in self.cells for word in cell.split()] if self.is_text else self.cells
        return max(map(len, (*self.head.split(), *cells)), default=1)

    @property
    def natural(self) -> int:
        """The width at which everything stands on one line."""
        return max(map(len, (self.head, *self.cells)), default=1)


def print_section(section: Section, console: Console) -> None:
    """Prints a section of the page: heading, words, the numbers of its figures, tables and list."""
    console.print(Text(section.title, style="bold"))
    drawn = bool(section.parts) and all(isinstance(part, Figure) for part in section.parts)
    for line in () if drawn else section.words:  # words on drawings alone say how to read what is not shown here
        console.print(Text(line))
    console.print()
    for part in section.parts:
        print_table(part.table if isinstance(part, Figure) else part, console)
    for line in section.lines:
        console.print(Text(f"- {line}"))
    if section.lines:
        console.print()


def print_table(table: Table, console: Console) -> None:
    """Prints a table; one that is too wide as several, each with the names that its rows begin with."""
    columns = [
        _column(head, [row[place] for row in table.rows], head in table.signed)
        for place, head in enumerate(table.columns)
        if head != table.below
    ]
    first_number = next((place for place, column in enumerate(columns) if not column.is_text), len(columns))
    names, rest = columns[:first_number], columns[first_number:]
    title = table.title
    for part in _parts(names, rest, console.width):
        console.print(_grid(title, [*names, *part], console.width), "")
        title = ""
    if table.below:
        place = table.columns.index(table.below)
        for row, *words in zip((row[place] for row in table.rows), *(column.cells for column in names), strict=True):
            console.print(Text(f"{', '.join(words)}: {row}"))
        console.print()


def _column(head: str, cells: Sequence[Cell], is_signed: bool) -> _Column:
    return _Column(head, [_shown(cell, is_signed) for cell in cells], any(isinstance(cell, str) for cell in cells))


def _shown(cell: Cell, is_signed: bool) -> str:
    if isinstance(cell, str):
        return cell
    return interval(cell, is_signed) if cell is None or isinstance(cell, Estimate) else number(cell)


def _parts(names: Sequence[_Column], rest: Sequence[_Column], width: int) -> list[list[_Column]]:
    """Returns the columns behind the names in as few groups as fit beside them."""
    room = width - sum(column.floor + GAP for column in names)
    parts: list[list[_Column]] = [[]]
    for column in rest:
        if parts[-1] and sum(one.floor + GAP for one in (*parts[-1], column)) > room:
            parts.append([])
        parts[-1].append(column)
    return parts


def _grid(title: str, columns: Sequence[_Column], width: int) -> Grid:
    grid = Grid(title=Text(title), title_justify="left", box=None)
    for column, wide in zip(columns, _widths(columns, width), strict=True):
        grid.add_column(Text(column.head), width=wide, overflow="fold")
    for cells in zip(*(column.cells for column in columns), strict=True):
        grid.add_row(*map(Text, cells))
    return grid


def _widths(columns: Sequence[_Column], width: int) -> list[int]:
    """Returns how wide each column is: text gives way first where it can break between words, then within them."""
    widths = [column.natural for column in columns]
    for floors in (
        [column.floor for column in columns],
        [min(column.floor, BROKEN) if column.is_text else column.floor for column in columns],
    ):
        while sum(widths) + GAP * len(widths) > width:
            place = max(range(len(widths)), key=lambda place: widths[place] - floors[place])
            if widths[place] <= floors[place]:
                break
            widths[place] -= 1
    return widths
