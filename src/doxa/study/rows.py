"""Rows on disk: one Parquet file, written whole or not at all."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from doxa.errors import MissingError
from doxa.metrics.records import Row
from doxa.writing import whole

FILE = "rows.parquet"


def save_rows(folder: Path, rows: Sequence[Row]) -> None:
    """Writes the rows of a run."""
    with whole(folder / FILE) as scratch:
        pq.write_table(pa.Table.from_pylist([row.model_dump() for row in rows]), scratch, compression="zstd")


def remove_rows(folder: Path) -> None:
    """Removes the rows of a run, where there are any."""
    (folder / FILE).unlink(missing_ok=True)


def load_rows(folder: Path) -> list[Row]:
    """Reads the rows of a run.

    Raises:
        MissingError: The run has no rows yet.
    """
    path = folder / FILE
    if not path.is_file():
        raise MissingError(f"{folder} has no rows yet; finish it with `doxa run`")
    return [Row.model_validate(row) for row in pq.read_table(path).to_pylist()]
