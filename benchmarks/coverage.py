"""How often do nominal 95 % intervals cover the truth? Simulated studies with clustered items, 30 stems of 1-5 items.

    python benchmarks/coverage.py [--studies 2000] [--interval rate]

Prints a line a setting. 93 to 97 % is what is asked for; a share over 2,000 studies has a standard error of 0.5 points.
"""

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from simulated_studies import CASES, covered

WANTED = (0.93, 0.97)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=2000)
    parser.add_argument("--interval", default="", help="only those whose name begins so")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    chosen = [place for place, case in enumerate(CASES) if case.interval.startswith(options.interval)]
    table = Table("interval", "setting", "coverage", "", box=None, title=f"{options.studies} studies a line")
    with ProcessPoolExecutor(options.workers) as pool:
        shares = list(pool.map(_covered, chosen, [options.studies] * len(chosen)))
    for place, share in zip(chosen, shares, strict=True):
        mark = "" if WANTED[0] <= share <= WANTED[1] else "outside"
        table.add_row(CASES[place].interval, CASES[place].setting, f"{100 * share:.1f} %", mark)
    Console(width=110).print(table)


def _covered(place: int, studies: int) -> float:
    return covered(CASES[place], studies, seed=place)


if __name__ == "__main__":
    main()
