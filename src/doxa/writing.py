"""Write a file whole or not at all."""

import os
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path


def write_whole(path: Path, text: str | Iterable[str]) -> None:
    """Writes a text file as `whole` does.

    Args:
        path: The file.
        text: What it is to hold, in one piece or, where it is large, in several.
    """
    with whole(path) as scratch, scratch.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines([text] if isinstance(text, str) else text)


@contextmanager
def whole(path: Path) -> Generator[Path]:
    """Gives a file to write that then takes the place of another; where it cannot be written, nothing is left of it.

    A reader, even after a power cut, finds the old file or the new one, never a part.

    Args:
        path: The file.
    """
    scratch = path.with_name(f".{path.name}.part")
    try:
        yield scratch
        with scratch.open("rb+") as file:
            os.fsync(file.fileno())
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)
