"""`doxa compare RUN RUN ...`: runs side by side, paired."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from doxa.metrics.records import Row
    from doxa.report.comparing import Comparison, OverSeeds


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

    from doxa.errors import InputError
    from doxa.report.comparing import compare, over_seeds
    from doxa.study.rows import load_rows

    if len(set(map(Path.resolve, runs))) < max(2, len(runs)):
        raise InputError("give two or more different runs to compare")
    rows = {str(run): load_rows(run) for run in runs}
    if seeds:
        spreads = over_seeds(rows)
        if not spreads:
            raise InputError(_nothing_in_common(rows))
        if as_json:
            click.echo(json.dumps([found.model_dump() for found in spreads], indent=2))
        else:
            _print_seeds(spreads)
        return
    first, *others = rows
    comparisons = [compare(first, rows[first], other, rows[other]) for other in others]
    if not any(found.differences for found in comparisons):
        raise InputError(_nothing_in_common(rows))
    if as_json:
        click.echo(json.dumps([found.model_dump() for found in comparisons], indent=2))
    else:
        for found in comparisons:
            _print_comparison(found)


def _nothing_in_common(rows: "Mapping[str, Sequence[Row]]") -> str:
    """Says what each run is about, or that they differ in what they asked under where that is the same."""
    facts = {run: ", ".join(dict.fromkeys(row.fact for row in asked)) or "nothing" for run, asked in rows.items()}
    if len(set(facts.values())) == 1:
        return "nothing in common: the runs share no item under the same persona, condition, metric and readout"
    return "nothing in common: " + "; ".join(f"{run} asks about {names}" for run, names in facts.items())


def _print_comparison(found: "Comparison") -> None:
    from rich.console import Console
    from rich.table import Table

    from doxa.report.tables import interval

    console = Console()
    table = Table(title=f"{found.second} against {found.first}", title_justify="left", box=None)
    columns = (
        "fact",
        "metric",
        "readout",
        "condition",
        "first",
        "second",
        "change [95 %]",
        "items",
        "stems",
        "p (Holm)",
    )
    for column in columns:
        table.add_column(column)
    for one in found.differences:
        change = one.change.estimate
        scores = f"{one.first.value:.2f}", f"{one.second.value:.2f}", interval(change, signed=True)
        sizes = str(change.n), str(change.clusters), f"{one.change.adjusted:.3f}"
        table.add_row(one.fact, one.metric, one.readout, one.named(found.personas), *scores, *sizes)
    if table.row_count:
        console.print(table)
        console.print(f"p values are adjusted for {found.size} differences (Holm); the intervals are not.\n")
    else:
        console.print(f"{found.first} and {found.second} have no item in common under the same condition.\n")
    for lone in found.unpaired:
        where = f"{lone.fact} {lone.metric} {lone.readout} {lone.named(found.personas)}"
        other = found.second if lone.run == found.first else found.first
        console.print(f"not paired: {where}: {lone.items} items of {lone.run}; {lone.reason} in {other}", markup=False)


def _print_seeds(spreads: "Sequence[OverSeeds]") -> None:
    from math import sqrt

    from rich.console import Console
    from rich.table import Table

    from doxa.report.comparing import several_personas
    from doxa.report.tables import interval

    columns = ("fact", "metric", "readout", "condition", "mean [95 %]", "seeds", "sd between seeds", "sd by sampling")
    table = Table(*columns, title="Over training seeds", title_justify="left", box=None)
    several = several_personas(spreads)
    for one in spreads:
        spread = one.spread
        deviations = (f"{sqrt(part):.3f}" if part is not None else "–" for part in (spread.between, spread.within))
        cells = interval(spread.estimate), str(len(spread.by_seed)), *deviations
        table.add_row(one.fact, one.metric, one.readout, one.named(several), *cells)
    Console().print(table)
