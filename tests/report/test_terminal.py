"""What stands on the terminal when a run has ended."""

import re
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from command_line import call
from doxa.report.overview import overview
from doxa.report.run import About, abouts, read_run
from doxa.report.tables import print_summary
from made_runs import BELIEF, make_run

INTERVAL = re.compile(r"[-+]?\d\.\d\d \[[-+]?\d\.\d\d, [-+]?\d\.\d\d\]")


@pytest.fixture(scope="module")
def about(tmp_path_factory: pytest.TempPathFactory) -> About:
    (one,) = abouts(read_run(make_run(tmp_path_factory.mktemp("terminal") / "run", samples=1)))
    return one


def printed(about: About, width: int) -> str:
    written = StringIO()
    print_summary(about, ["something"], Console(file=written, width=width))
    return written.getvalue()


@pytest.mark.parametrize("width", [60, 80, 106, 130])
def test_the_outcome_fits_with_whole_names_and_whole_numbers(about: About, width: int):
    shown = printed(about, width)
    found = overview(about)
    assert all(len(line) <= width for line in shown.splitlines())
    words = " ".join(shown.split())
    for line in (*(found.headlines or found.answers), *found.caveats, *found.trust):
        assert line.conclusion in words
    assert len(INTERVAL.findall(shown)) == 4 * (len(BELIEF) + 1) + 1  # every cell of four metrics, and spill-over
    assert "misconceptions)" in shown
    assert "…" not in shown
    if width != 106:  # where all four metrics stand side by side at the price of broken names
        assert all(name in shown for name in BELIEF)
    assert re.search(
        r"Spill-over on 2 facts that it should leave alone: 0\.\d\d before, 0\.\d\d after, change [-+].* questions\)",
        words,
    )
    assert len(shown.splitlines()) < 60


def test_every_table_is_there_for_who_asks(about: About, capsys: pytest.CaptureFixture[str]):
    folder: Path = about.run.folder
    short = call(capsys, "report", str(folder))[1]
    long = call(capsys, "report", str(folder), "--tables")[1]
    for title in ("Which metric may be trusted", "Spill-over on true controls", "Belief-likeness", "Output health"):
        assert title in long
        assert title not in short
    assert short.split("\nSpill-over on")[0] in long
    assert short.splitlines()[-1] == long.splitlines()[-1] == f"report: {folder / 'report.html'}"
