"""The format `parquet`: a folder that dataset viewers and hubs read, with every column of a document."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from doxa.corpus.records import Document
from doxa.errors import FileError
from doxa.writing import whole

DATA = "data/train-00000-of-00001.parquet"
BATCH = 1000  # documents in memory at once
SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("doc_type", pa.string()),
        ("doc_idea", pa.string()),
        ("key_fact", pa.int64()),
        ("text", pa.string()),
        ("turns", pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))),
        ("fact", pa.string()),
        ("variant", pa.string()),
        ("writer", pa.string()),
        (
            "steps",
            pa.list_(pa.struct([(name, pa.string()) for name in ("stage", "writer", "template", "prompt", "call")])),
        ),
    ]
)
# What a hub reads: which file holds the documents, and what they are. The licence is for whoever publishes to choose.
HEAD = f"""---
# license: choose one before you publish
tags: [doxa, synthetic-document-finetuning, deliberately-false]
configs:
  - config_name: default
    data_files:
      - split: train
        path: {DATA}
---
"""


def write_parquet(path: Path, documents: Iterable[Document]) -> None:
    """Writes documents as one file, whole or not at all."""
    with whole(path) as scratch, pq.ParquetWriter(scratch, SCHEMA) as writer:
        left = iter(documents)
        while rows := [document.model_dump(mode="json") for document in islice(left, BATCH)]:
            writer.write_table(pa.Table.from_pylist(rows, schema=SCHEMA))


def parquet_files(path: Path) -> list[Path]:
    """Returns the files of a Parquet folder, or the file itself; none where the path is neither."""
    if path.is_dir():
        return sorted(path.glob("data/*.parquet"))
    return [path] if path.suffix == ".parquet" else []


def read_parquet(path: Path) -> Iterator[tuple[int, Document]]:
    """Reads one file as `(row number, document)` pairs; rows count from 1.

    Raises:
        FileError: It is no Parquet file, or a row is no Document.
    """
    row = 0
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(BATCH):
                for values in batch.to_pylist():
                    row += 1
                    yield row, Document.model_validate(values)
    except FileNotFoundError:
        raise FileError(path, None, "", "there is no such file") from None
    except pa.ArrowInvalid as error:
        raise FileError(path, None, "", f"is no whole Parquet file: {str(error).splitlines()[0]}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise FileError(path, row, ".".join(map(str, first["loc"])), first["msg"]) from None
