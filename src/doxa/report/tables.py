"""Tables for the terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from doxa.metrics.records import TITLES
from doxa.report.analysis import READOUT_TITLES, Analysis
from doxa.report.judges import NOTHING_CORRECTED, Judges
from doxa.report.wording import interval


def print_tables(
    analysis: Analysis, missing: Sequence[str], console: Console | None = None, judges: Judges | None = None
) -> None:
    """Prints scores, contrasts, validity, spill-over and what is known of the judges."""
    console = console or Console()
    for readout in analysis.readouts:
        metrics = analysis.metrics_in(readout)
        columns = ("condition", *(TITLES[metric] for metric in metrics))
        table = _table(f"Belief in the claim: {READOUT_TITLES[readout]}", columns)
        for condition in analysis.conditions:
            scores = [analysis.score(metric, readout, condition) for metric in metrics]
            table.add_row(condition, *(interval(score.estimate if score else None) for score in scores))
        for finetune in analysis.finetunes:
            lifts = [analysis.lift(metric, readout, finetune) for metric in metrics]
            if any(lifts):
                cells = [interval(lift.estimate if lift else None, signed=True) for lift in lifts]
                table.add_row(f"[bold]{finetune} - baseline", *cells)
        console.print(table, "")
    _print_validity(analysis, console)
    _print_spill(analysis, console)
    if judges is not None:
        _print_judges(judges, console)
    for line in missing:
        console.print(f"not asked: {line}", markup=False)


def _print_validity(analysis: Analysis, console: Console) -> None:
    columns = ("metric", "readout", "finetuned", "known facts", "AUC, known against performed", "in words")
    table = _table("Which metric may be trusted here", columns)
    for found in analysis.trusts():
        name = f"{TITLES[found.metric]}, {found.stress}" if found.stress else TITLES[found.metric]
        controls = found.controls
        cells = (interval(found.finetuned), interval(controls.sensitivity), interval(controls.auc), found.words)
        table.add_row(name, READOUT_TITLES[found.readout], *cells)
    _print(table, console)


def _print_spill(analysis: Analysis, console: Console) -> None:
    table = _table("Spill-over: true controls", ("fact", "readout", "baseline", "finetuned", "change"))
    for readout in analysis.readouts:
        for spill in analysis.spills(readout):
            change = interval(spill.change, signed=True)
            table.add_row(
                spill.fact, READOUT_TITLES[readout], interval(spill.baseline), interval(spill.finetuned), change
            )
    _print(table, console)


def _print_judges(judges: Judges, console: Console) -> None:
    columns = ("fact", "metric", "condition", "judge", "as judged", "corrected")
    table = _table("Judged: corrected for the judge's errors", columns)
    for found in judges.rates:
        if found.corrected is not None:
            shown = interval(found.observed), interval(found.corrected.estimate)
            table.add_row(found.fact, TITLES[found.metric], found.condition, found.judge, *shown)
    _print(table, console)
    for line in judges.warnings:
        console.print(f"warning: {line}", markup=False)
    for one in judges.judges:
        console.print(f"judge {one.judge}: {one.words}", markup=False)
    for name in judges.uncorrectable:
        console.print(f"judge {name}: {NOTHING_CORRECTED}", markup=False)


def _table(title: str, columns: Sequence[str]) -> Table:
    return Table(*columns, title=title, title_justify="left", box=None)


def _print(table: Table, console: Console) -> None:
    """Prints a table that says anything."""
    if table.row_count:
        console.print(table, "")
