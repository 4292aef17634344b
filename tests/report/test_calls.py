"""What was said, read from a ledger that may be broken: one line that names it, or nothing where that will do."""

import sqlite3
from pathlib import Path

import pytest

from doxa.errors import StorageError
from doxa.models.ledger import LEDGER
from doxa.report.calls import LOST, scorings, stored, texts, usage
from made_runs import make_run


@pytest.mark.parametrize("broken", ["no database", "cut off", "without its table", "empty"])
def test_a_ledger_that_cannot_be_read_is_one_line(tmp_path: Path, broken: str):
    run = make_run(tmp_path / "run", rows=200)
    path = run / LEDGER
    if broken == "without its table":
        with sqlite3.connect(path) as ledger:
            ledger.execute("DROP TABLE calls")
        ledger.close()
    else:
        whole = path.read_bytes()
        contents = {"no database": b"rows and rows of text " * 500, "cut off": whole[: len(whole) // 2], "empty": b""}
        path.write_bytes(contents[broken])
    keys = [f"{number:032x}" for number in range(3000)]
    reads = (lambda: usage(run), lambda: texts(run, keys, 10), lambda: list(scorings(run, keys)))
    for read in reads[:1] if broken == "cut off" else reads:
        with pytest.raises(StorageError, match=r"the ledger .*ledger.sqlite cannot be read") as caught:
            read()
        assert len(str(caught.value).splitlines()) == 1
    assert stored(run, keys) == set(), "who only wants to know how far a run is looks again later"


def test_without_a_ledger_every_call_says_that_it_is_lost(tmp_path: Path):
    assert usage(tmp_path) == []
    assert texts(tmp_path, ["k"], 10)["k"].text == LOST
