"""What the benchmarks share: every contender runs in a process of its own, whose peak memory is its own."""

import multiprocessing
import os
import platform
import resource
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, NamedTuple


class Measured(NamedTuple):
    """What a contender returned, and the peak memory of its process in GB (weights included)."""

    result: Any
    peak: float


def alone(work: Callable[..., Any], *arguments: Any) -> Measured:
    """Runs a function in a fresh process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measured, (work, arguments))


def _measured(work: Callable[..., Any], arguments: Sequence[Any]) -> Measured:
    result = work(*arguments)
    return Measured(result, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9)


def machine() -> str:
    """Returns one line on date, processor, versions and how busy the machine is."""
    import torch
    import transformers

    cpu = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123
            cpu = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), cpu)
    except OSError:
        pass
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else f"{cpu}, {os.cpu_count()} cores"
    load = os.getloadavg()[0]
    return (
        f"{date.today()}, {device}, torch {torch.__version__}, transformers {transformers.__version__}, load {load:.1f}"
    )


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints a table in Markdown."""
    print(f"\n{title}\n")
    print("| " + " | ".join(columns) + " |")
    print("|" + " --- |" * len(columns))
    for row in rows:
        print("| " + " | ".join(row) + " |", flush=True)
