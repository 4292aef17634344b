"""Amounts of memory."""

import pytest

from doxa.errors import InputError
from doxa.models.sizes import read_size


@pytest.mark.parametrize(
    ("text", "wanted"), [("4GiB", 4 * 2**30), ("1.5 gib", 3 * 2**29), ("800MB", 800_000_000), ("512", 512)]
)
def test_sizes_are_read_as_people_write_them(text: str, wanted: int):
    assert read_size(text) == wanted


@pytest.mark.parametrize("text", ["", "lots", "4 elephants", "-1GiB", "0GiB"])
def test_what_is_no_size_is_refused(text: str):
    with pytest.raises(InputError, match="not an amount of memory"):
        read_size(text)
