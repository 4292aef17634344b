"""`doxa compare RUN RUN ...`: runs side by side, paired."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

if TYPE_CHECKING:
    from rich.console import Console

    from doxa.metrics.records import MetricName, Readout, Row
    from doxa.report.comparing import Comparison, OfBar, SeedComparison

INDENT = 2  # columns by which a condition stands below its metric


class Line(NamedTuple):
    """One line of a table: what was asked under what, and its numbers as they are printed."""

    metric: "MetricName"
    condition: str
    cells: tuple[str, ...]


@click.command("compare")
@click.argument(
    "runs", metavar="RUN RUN ...", nargs=-1, required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
)  # fmt: skip
@click.option("--seeds", is_flag=True, help="The runs are training seeds of one recipe: show their spread.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(runs: tuple[Path, ...], seeds: bool, as_json: bool) -> None:
    """Put runs side by side: each against the first, on the items that both have.

    The same fact, metric, readout, persona, condition and item make a pair. What only one run has is listed, not
    dropped; runs with nothing in common are an error.
    """
    import json

    from doxa.cli.display import wide_console
    from doxa.errors import InputError
    from doxa.reading import read_yaml
    from doxa.report.comparing import check_seeds, compare, over_seeds
    from doxa.study.records import Study
    from doxa.study.rows import STUDY, load_rows

    if len(set(map(Path.resolve, runs))) < max(2, len(runs)):
        raise InputError("give two or more different runs to compare")
    rows = {str(run): load_rows(run) for run in runs}
    if seeds:
        found = over_seeds(rows)
        if not found.spreads:
            raise InputError(_nothing_in_common(rows))
        check_seeds({str(run): read_yaml(run / STUDY, Study) for run in runs})
        if as_json:
            click.echo(found.model_dump_json(indent=2))
        else:
            _print_seeds(found, list(rows), wide_console())
        return
    first, *others = rows
    comparisons = [compare(first, rows[first], other, rows[other]) for other in others]
    if not any(found.differences for found in comparisons):
        raise InputError(_nothing_in_common(rows))
    if as_json:
        click.echo(json.dumps([found.model_dump() for found in comparisons], indent=2))
    else:
        for found in comparisons:
            _print_comparison(found, wide_console())


def _nothing_in_common(rows: "Mapping[str, Sequence[Row]]") -> str:
    """Says what each run is about, or that they differ in what they asked under where that is the same."""
    facts = {run: ", ".join(dict.fromkeys(row.fact for row in asked)) or "nothing" for run, asked in rows.items()}
    if len(set(facts.values())) == 1:
        return "nothing in common: the runs share no item under the same persona, condition, metric and readout"
    return "nothing in common: " + "; ".join(f"{run} asks about {names}" for run, names in facts.items())


def _print_comparison(found: "Comparison", console: "Console") -> None:
    from doxa.report.wording import interval

    columns = ("first", "second", "change [95 %]", "items", "stems", "p (Holm)")
    lines: dict[tuple[str, Readout], list[Line]] = {}
    for one in found.differences:
        change = one.change.estimate
        scores = f"{one.first.value:.2f}", f"{one.second.value:.2f}", interval(change, signed=True)
        cells = (*scores, str(change.n), str(change.clusters), f"{one.change.adjusted:.3f}")
        lines.setdefault((one.fact, one.readout), []).append(Line(one.metric, one.named(found.personas), cells))
    if not lines:
        _say(f"{found.first} and {found.second} have no item in common under the same condition.\n", console)
    else:
        _say(f"{found.second} (second) against {found.first} (first)\n", console)
        _print_tables(lines, columns, console)
        _say(f"p values are adjusted for {found.size} differences (Holm); the intervals are not.\n", console)
    for lone in found.unpaired:
        other = found.second if lone.run == found.first else found.first
        where = _where(lone, found.personas)
        _say(f"not paired: {where}: {lone.items} items of {lone.run}; {lone.reason} in {other}", console)


def _print_seeds(found: "SeedComparison", runs: Sequence[str], console: "Console") -> None:
    from math import sqrt

    from doxa.report.wording import interval

    columns = ("mean [95 %]", "items", "stems", "sd between\nseeds", "sd by\nsampling")
    lines: dict[tuple[str, Readout], list[Line]] = {}
    for one in found.spreads:
        spread, mean = one.spread, one.spread.estimate
        deviations = (f"{sqrt(part):.3f}" if part is not None else "–" for part in (spread.between, spread.within))
        cells = (interval(mean), str(mean.n // len(spread.by_seed)), str(mean.clusters), *deviations)
        lines.setdefault((one.fact, one.readout), []).append(Line(one.metric, one.named(found.personas), cells))
    _say(f"Over {len(runs)} training seeds: {', '.join(runs)}\n", console)
    _print_tables(lines, columns, console)
    for one in found.left_out:
        where = _where(one, found.personas)
        _say(f"left out: {where}: {one.items} items; {one.reason} in {one.run}", console)


def _print_tables(
    lines: "Mapping[tuple[str, Readout], Sequence[Line]]", columns: Sequence[str], console: "Console"
) -> None:
    """Prints a table a fact and readout. Names may break, numbers never do."""
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    from doxa.metrics.records import TITLES
    from doxa.report.analysis import READOUT_TITLES

    for (fact, readout), several in lines.items():
        table = Table(title=f"{fact}, {READOUT_TITLES[readout]}", title_justify="left", box=None)
        table.add_column("metric, condition", overflow="fold")
        for place, column in enumerate(columns):
            widest = max(map(len, (*column.splitlines(), *(line.cells[place] for line in several))))
            table.add_column(column, justify="right", min_width=widest)
        metrics: list[MetricName] = list(dict.fromkeys(line.metric for line in several))
        for metric in metrics:
            table.add_row(f"[bold]{TITLES[metric]}")
            for line in several:
                if line.metric == metric:
                    table.add_row(Padding(Text(line.condition), (0, 0, 0, INDENT)), *line.cells)
        console.print(table, "")


def _where(bar: "OfBar", personas: bool) -> str:
    from doxa.metrics.records import TITLES
    from doxa.report.analysis import READOUT_TITLES

    return f"{bar.fact}, {READOUT_TITLES[bar.readout]}, {TITLES[bar.metric]}, {bar.named(personas)}"


def _say(line: str, console: "Console") -> None:
    console.print(line, markup=False, highlight=False, soft_wrap=True)
