"""Rows on disk: what comes back, to which study they belong, and files that are broken or of another version."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from doxa.errors import FileError, MissingError
from doxa.metrics.records import Row
from doxa.study.rows import FILE, STUDY, has_rows_of_study, load_rows, save_rows

ROW = Row(
    fact="honey", metric="mcq_knowledge", readout="rubric", condition="baseline", subject="m", item="i", cluster="c",
    sample=0, verdict="judge_error", score=None, calls=("k",), votes=("true", "judge_error"),
)  # fmt: skip


def test_rows_come_back_as_they_were(tmp_path: Path):
    rows = [ROW, ROW.model_copy(update={"score": 0.5, "votes": (), "persona": "vendor"})]
    save_rows(tmp_path, rows)
    assert load_rows(tmp_path) == rows
    save_rows(tmp_path, [])
    assert load_rows(tmp_path) == []
    with pytest.raises(MissingError, match="has no rows yet"):
        load_rows(tmp_path / "elsewhere")


@pytest.mark.parametrize("kept", [0, 3, 100, -20])
def test_a_file_that_is_cut_off_is_named(tmp_path: Path, kept: int):
    save_rows(tmp_path, [ROW] * 50)
    whole = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(whole[:kept])
    with pytest.raises(FileError, match=r"rows.parquet: is cut off or is no Parquet file") as caught:
        load_rows(tmp_path)
    assert len(str(caught.value).splitlines()) == 1


def test_bytes_that_were_overwritten_are_an_error_of_the_file(tmp_path: Path):
    save_rows(tmp_path, [ROW] * 50)
    whole = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(whole[:8] + bytes(len(whole) - 16) + whole[-8:])
    with pytest.raises(FileError):
        load_rows(tmp_path)


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"mood": "calm"}, "mood: no column that this version of doxa knows"),
        ({"verdict": "perhaps"}, "verdict: "),
        ({"item": None}, "item: "),
    ],
)
def test_rows_of_another_version_are_named_with_the_column(tmp_path: Path, changed: dict[str, object], problem: str):
    pq.write_table(pa.Table.from_pylist([{**ROW.model_dump(), **changed}]), tmp_path / FILE)
    with pytest.raises(FileError, match=f"rows.parquet: {problem}"):
        load_rows(tmp_path)


def test_rows_know_the_study_that_they_answer(tmp_path: Path):
    assert not has_rows_of_study(tmp_path)
    (tmp_path / STUDY).write_text("name: a")
    assert not has_rows_of_study(tmp_path)
    save_rows(tmp_path, [ROW])
    assert has_rows_of_study(tmp_path)
    (tmp_path / STUDY).write_text("name: b")
    assert not has_rows_of_study(tmp_path)
    pq.write_table(pa.Table.from_pylist([ROW.model_dump()]), tmp_path / FILE)
    assert has_rows_of_study(tmp_path), "rows that name no study are taken for those of the study beside them"
    (tmp_path / FILE).write_bytes(b"")
    assert not has_rows_of_study(tmp_path)
