"""Write data sets as the wheel bundles them."""

from pathlib import Path
from typing import Any

import pyarrow as pa


def write_set(folder: Path, place: str, rows: list[dict[str, Any]]) -> None:
    """Writes the rows of one data set as an Arrow stream."""
    (folder / place).mkdir(parents=True)
    table = pa.Table.from_pylist(rows)
    with pa.OSFile(str(folder / place / "data-0.arrow"), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as out:
        out.write_table(table)
