from collections.abc import Iterator
from pathlib import Path

import pytest

from doxa.writing import whole, write_whole


def test_a_file_is_written_in_pieces_or_stays_as_it_was(tmp_path: Path):
    file = tmp_path / "a.txt"
    write_whole(file, (f"{number}\r\n" for number in range(2)))
    assert file.read_bytes() == b"0\r\n1\r\n"

    def broken() -> Iterator[str]:
        yield "half"
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        write_whole(file, broken())
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a.txt", b"0\r\n1\r\n")]


def test_whoever_writes_the_file_itself_leaves_it_whole_or_as_it_was(tmp_path: Path):
    file = tmp_path / "a.bin"
    with whole(file) as scratch:
        scratch.write_bytes(b"\xff")
        assert not file.exists()
    assert file.read_bytes() == b"\xff"

    def breaks() -> None:
        with whole(file) as scratch:
            scratch.write_bytes(b"half")
            raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        breaks()
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a.bin", b"\xff")]
