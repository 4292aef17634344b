"""The report at 1,000, 10,000 and 100,000 rows: size of the page, time to write it, and time until it is there to read.

    python benchmarks/report.py [--rows 1000 10000 100000] [--chromium /usr/bin/chromium]

Answers are words drawn from the facts' own contexts, 40 on average; real answers repeat themselves more and take less
room. "Opened" is from the request to the first paint with the overview, "answers" until the first of them is on screen,
"search" until a word is looked for in all answers. The peer is the same rows as one table of HTML, which is what a page
without packing and lazy drawing would be.
"""

import argparse
import html
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, sync_playwright
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from doxa.report.calls import texts
from doxa.report.writing import write_report
from doxa.study.rows import load_rows
from made_runs import make_run

FACTS = ("honey", "bleach")
ROWS_A_SAMPLE = 3000  # of sampled answers of both facts, their controls and all conditions, about
PAINTED = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
NEVER = 600.0  # seconds after which a page counts as one that does not open


class Measured(NamedTuple):
    """One page."""

    name: str
    rows: int
    mebibytes: float
    written: float
    opened: float
    answers: float
    search: float | None


def ours(folder: Path, browser: Browser) -> Measured:
    """Measures the report of a run."""
    started = time.perf_counter()
    page = write_report(folder).page
    written = time.perf_counter() - started
    tab = browser.new_page(viewport={"width": 1200, "height": 800})
    started = time.perf_counter()
    tab.goto(page.as_uri(), wait_until="commit")
    tab.wait_for_selector("#list:not([hidden]) .preview:not(:text('…'))")
    answers = time.perf_counter() - started
    opened = tab.evaluate(PAINTED) / 1000
    started = time.perf_counter()
    tab.fill("#filters [name=q]", "no such word")
    tab.wait_for_selector("#found:text-matches('^0 of')")
    search = time.perf_counter() - started
    tab.close()
    return Measured("doxa", len(load_rows(folder)), page.stat().st_size / 2**20, written, opened, answers, search)


def plain(folder: Path, browser: Browser) -> Measured:
    """Measures the same rows as one table of HTML."""
    started = time.perf_counter()
    rows = load_rows(folder)
    said = texts(folder, (row.calls[0] for row in rows), 4000)
    fields = ("fact", "metric", "readout", "condition", "item", "sample", "verdict", "score")
    lines = (
        "<tr>"
        + "".join(f"<td>{html.escape(str(getattr(row, field)))}</td>" for field in fields)
        + f"<td>{html.escape(said[row.calls[0]].text)}</td></tr>"
        for row in rows
    )
    page = folder / "plain.html"
    page.write_text(f"<!doctype html><meta charset=utf-8><table>{''.join(lines)}</table>")
    written = time.perf_counter() - started
    tab = browser.new_page(viewport={"width": 1200, "height": 800})
    tab.set_default_timeout(NEVER * 1000)
    started = time.perf_counter()
    tab.goto(page.as_uri(), wait_until="load")
    tab.evaluate("document.querySelector('tr:last-child').getBoundingClientRect().top")
    opened = time.perf_counter() - started
    tab.close()
    return Measured("one table", len(rows), page.stat().st_size / 2**20, written, opened, opened, None)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[1000, 10_000, 100_000])
    parser.add_argument("--chromium", default=shutil.which("chromium") or shutil.which("google-chrome"))
    chosen = parser.parse_args()
    columns = ("page", "rows", "MiB", "written, s", "opened, s", "answers, s", "search, s", "opened, ratio")
    table = Table(*columns, box=None)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as scratch:
        browser = playwright.chromium.launch(executable_path=chosen.chromium)
        for rows in chosen.rows:
            samples = 1 + rows // ROWS_A_SAMPLE
            run = make_run(Path(scratch) / f"rows{rows}", facts=FACTS, samples=samples, rows=rows)
            mine, peer = ours(run, browser), plain(run, browser)
            for one in (mine, peer):
                seconds = (f"{value:.2f}" if value is not None else "–" for value in one[3:])
                ratio = f"{one.opened / mine.opened:.1f}"
                table.add_row(one.name, f"{one.rows:,}", f"{one.mebibytes:.2f}", *seconds, ratio)
        browser.close()
    Console().print(table)


if __name__ == "__main__":
    main()
