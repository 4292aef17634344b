"""How much memory the engine may take, how work shrinks to fit, and how to keep what the system already gave."""

import ctypes
import gc
import os
import re
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import torch

from doxa.errors import InputError

FREE_SHARE = 0.5  # of the free memory, where nobody says: the rest is for training beside it, other people, the system
# What PyTorch says where an allocation fails: its CUDA allocator, its CPU allocator on Linux, and the system's.
OUT_OF_MEMORY = re.compile(r"can't allocate memory|not enough memory|out of memory", re.IGNORECASE)

Item = TypeVar("Item")
Result = TypeVar("Result")


def free_memory(device: str) -> int:
    """Returns the bytes that are free on a device."""
    if device.startswith("cuda"):
        return int(torch.cuda.mem_get_info(device)[0])
    try:
        with open("/proc/meminfo", encoding="ascii") as file:  # noqa: PTH123 (not a file of anybody's)
            available = next(line for line in file if line.startswith("MemAvailable:"))
        return int(available.split()[1]) * 1024
    except (OSError, StopIteration):  # not Linux
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2


def keep_freed_pages() -> None:
    """Lets the C library keep large blocks that PyTorch frees, for the next forward pass.

    glibc gives every block above 32 MB back to the system at once, and each pass pays page faults to get it again: on
    two cores the float32 log-softmax of 512 rows over 49k tokens takes 80 to 130 ms so, and 20 ms without. Other
    systems have no `mallopt`; there nothing changes.
    """
    mmap_max, trim_threshold, top_pad = -4, -1, -2  # names of glibc's malloc.h
    try:
        mallopt: Any = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return
    mallopt(mmap_max, 0)
    mallopt(trim_threshold, 2**31 - 1)
    mallopt(top_pad, 64 * 2**20)


def release_freed_pages(device: str) -> None:
    """Gives back what `keep_freed_pages` kept, where the work is over."""
    if device.startswith("cuda"):
        torch.cuda.empty_cache()
        return
    try:
        trim: Any = ctypes.CDLL("libc.so.6").malloc_trim
    except (OSError, AttributeError):
        return
    trim(0)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error means that an allocation failed."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and bool(OUT_OF_MEMORY.search(str(error)))


@contextmanager
def explained(problem: str, remedy: str) -> Generator[None]:
    """Says in one line that memory ran out in what is done here, and what helps.

    Raises:
        InputError: Memory ran out.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise InputError(f"{problem}; {remedy}") from None


def halving(
    work: Callable[[Sequence[Item]], Result],
    items: Sequence[Item],
    shrunk: Callable[[], None] = lambda: None,
    split: Callable[[Item], Sequence[Item]] = lambda item: [item],
) -> Generator[Result]:
    """Works on all items at once, or in halves, or in quarters ... where memory runs out.

    Args:
        work: What is done with a batch.
        items: The batch.
        shrunk: Hears that a batch was too large.
        split: Takes a single item apart, where that is possible.

    Raises:
        InputError: Memory does not suffice for a single item.
    """
    try:
        result = work(items)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        items = split(items[0]) if len(items) == 1 else items
        if len(items) < 2:
            raise InputError(
                "memory does not suffice for a single sequence; close other programs or use a smaller model"
            ) from None
        result = None
    if result is not None:
        yield result
        return
    # Out of the handler, so that the traceback no longer holds what the failed pass had allocated.
    gc.collect()
    shrunk()
    middle = len(items) // 2
    yield from halving(work, items[:middle], shrunk, split)
    yield from halving(work, items[middle:], shrunk, split)
