"""Tables fit into a terminal of any width: names may break, numbers never do."""

from io import StringIO

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from doxa.report.printing import print_table
from doxa.report.sections import Table
from doxa.stats.estimates import Estimate

CELL = "0.52 [0.40, 0.64]"
HALF = Estimate(value=0.52, low=0.40, high=0.64, n=50, clusters=40)


def printed(table: Table, width: int) -> str:
    written = StringIO()
    print_table(table, Console(file=written, width=width))
    return written.getvalue()


@settings(max_examples=30)
@given(
    width=st.integers(40, 160),
    names=st.lists(st.text("abcdefg(,)[]/ ", min_size=1, max_size=45), min_size=1, max_size=4),
    numbers=st.integers(1, 6),
)
def test_every_number_stands_whole_at_every_width(width: int, names: list[str], numbers: int):
    heads = ("condition", *(f"metric number {place}" for place in range(numbers)))
    shown = printed(Table("Scores", heads, [(name, *[HALF] * numbers) for name in names]), width)
    assert shown.count(CELL) == len(names) * numbers
    assert all(len(line) <= width for line in shown.splitlines())
    assert "…" not in shown


def test_differences_carry_their_sign_and_nothing_is_a_dash():
    table = Table(
        "Changes", ("fact", "change", "p", "n"), [("a", HALF, 0.0001, 1234), ("b", None, 0.25, 12)], ("change",)
    )
    shown = printed(table, 100)
    assert "+0.52 [+0.40, +0.64]" in shown
    assert "–" in shown
    assert "1,234" in shown
    assert "0.250" in shown


def test_sentences_stand_below_the_table_behind_the_names_of_their_row():
    table = Table("Validity", ("metric", "in words", "score"), [("MCQ", "It tells.", HALF)], below="in words")
    lines = printed(table, 80).splitlines()
    assert "in words" not in "".join(lines)
    assert "MCQ: It tells." in lines
