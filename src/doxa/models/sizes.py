"""Read amounts of memory as people write them."""

import re

from doxa.errors import InputError

UNITS = {"": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40, "KB": 10**3, "MB": 10**6, "GB": 10**9}


def read_size(text: str) -> int:
    """Returns the bytes that a size such as `4GiB` or `800MB` means.

    Raises:
        InputError: It is not a size.
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", text)
    units = {name.lower(): factor for name, factor in UNITS.items()}
    if found is None or found[2].lower() not in units or not float(found[1]):
        raise InputError(f"'{text}' is not an amount of memory; write it like 4GiB or 800MiB")
    return int(float(found[1]) * units[found[2].lower()])
