"""Rows on disk: one Parquet file, written whole or not at all, that knows the study it belongs to."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from doxa.errors import FileError, MissingError
from doxa.metrics.records import Row
from doxa.writing import whole

FILE = "rows.parquet"
STUDY = "study.yaml"  # what the rows answer; a run notes it before it asks
MARK = b"doxa.study"  # where in the file its digest stands: times of files do not outlive a copy


def save_rows(folder: Path, rows: Sequence[Row]) -> None:
    """Writes the rows of a run, marked with the study that is noted beside them."""
    table = pa.Table.from_pylist([row.model_dump() for row in rows])
    with whole(folder / FILE) as scratch:
        pq.write_table(table.replace_schema_metadata({MARK: _digest(folder)}), scratch, compression="zstd")


def load_rows(folder: Path) -> list[Row]:
    """Reads the rows of a run.

    Raises:
        MissingError: The run has no rows yet.
        FileError: The file is cut off or is not what this version of doxa writes.
    """
    path = folder / FILE
    if not path.is_file():
        raise MissingError(f"{folder} has no rows yet; finish it with `doxa run`")
    try:
        return [Row.model_validate(row) for row in pq.read_table(path).to_pylist()]
    except (pa.ArrowException, OSError) as error:
        said = str(error).partition("\n")[0]
        raise FileError(path, None, "", f"is cut off or is no Parquet file ({said}); {_AGAIN}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(map(str, first["loc"]))
        problem = "no column that this version of doxa knows" if first["type"] == "extra_forbidden" else first["msg"]
        raise FileError(path, None, field, f"{problem}; was it written by another version? {_AGAIN}") from None


def has_rows_of_study(folder: Path) -> bool:
    """Whether the rows of a run are there and answer the study that is noted beside them, not an earlier one.

    Rows that name no study, as they were written once, are taken for those of the study.
    """
    try:
        noted = (pq.read_schema(folder / FILE).metadata or {}).get(MARK)
    except (pa.ArrowException, OSError):
        return False
    return (folder / STUDY).is_file() and noted in (None, _digest(folder))


_AGAIN = "`doxa run` with the same study writes it anew from the ledger"


def _digest(folder: Path) -> bytes:
    path = folder / STUDY
    return sha256(path.read_bytes()).hexdigest().encode() if path.is_file() else b""
