"""What the page carries of every answer, and that it stays small."""

import gzip
import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doxa.report.answers import LENGTHS, Packed, pack
from doxa.report.run import read_run
from doxa.report.sections import Table
from doxa.stats.estimates import Estimate
from made_runs import make_run


def unpacked(text: str) -> Any:
    return json.loads(gzip.decompress(b64decode(text)))


def packed(folder: Path, **settings: int) -> Packed:
    run = read_run(folder)
    return pack(folder, run.rows, run.facts.by_id.values(), **settings)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("packed") / "run", words=400)


def test_every_row_comes_back_with_its_answer(folder: Path):
    found, run = packed(folder), read_run(folder)
    table = unpacked(found.table)
    texts = {
        chunk["first"] + place: text for _, part in found.chunks for chunk in [unpacked(part)] for place, text in enumerate(chunk["texts"])
    }  # fmt: skip
    assert found.rows == len(run.rows) == len(table["columns"]["item"])
    for place in range(0, found.rows, 97):
        row, columns = run.rows[place], table["columns"]
        for field in ("fact", "metric", "readout", "persona", "condition", "verdict"):
            assert table["names"][field][columns[field][place]] == getattr(row, field)
        assert table["items"][columns["item"][place]]["id"] == row.item
        assert columns["score"][place] == pytest.approx(row.score, abs=1e-4)
        assert (columns["answer"][place] >= 0) == (row.readout == "rubric")
        if row.readout == "rubric":
            assert len(texts[columns["answer"][place]].split()) > 20


def test_answers_are_cut_shorter_until_they_fit(folder: Path):
    whole = packed(folder)
    assert whole.cut == LENGTHS[0]
    tight = packed(folder, most_bytes=whole.size // 4)
    assert tight.size <= whole.size // 4
    assert tight.cut in LENGTHS[1:]
    assert tight.shortened > 1000
    nothing = packed(folder, most_bytes=len(whole.table))
    assert (nothing.cut, nothing.chunks) == (0, ())


def test_the_same_run_makes_the_same_page(folder: Path):
    assert packed(folder) == packed(folder)


@given(st.text(), st.floats(allow_nan=False, allow_infinity=False))
def test_a_table_as_a_file_is_never_a_formula(text: str, number: float):
    one = Estimate(value=number, low=number, high=number, n=3, clusters=2)
    lines = Table("t", ("name", "score"), [(text, one)]).csv()
    assert lines.startswith("name,score,score low,score high,score n,score clusters\n")
    assert lines.split("\n", 1)[1].lstrip('"')[:1] not in "=@\t"
    assert not lines.split("\n", 1)[1].startswith(("+", "-", '"+', '"-'))
