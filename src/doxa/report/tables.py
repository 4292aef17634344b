"""What a run says on the terminal: the outcome in short, or every table."""

from collections.abc import Sequence
from math import ceil

from rich.console import Console
from rich.table import Table

from doxa.metrics.records import TITLES, MetricName, Readout
from doxa.report.analysis import READOUT_TITLES, Analysis
from doxa.report.judges import NOTHING_CORRECTED, Judges
from doxa.report.overview import FREE, overview
from doxa.report.run import About
from doxa.report.wording import capitalised, interval

INTERVAL = len("+0.00 [+0.00, +0.00]")
GAP = 2  # columns between two cells


def print_summary(about: About, missing: Sequence[str], console: Console | None = None) -> None:
    """Prints what was found on one fact: conclusions, the scores of the first readout, spill-over, warnings."""
    console = console or Console()
    analysis, found = about.analysis, overview(about)
    told = [line.conclusion for line in found.headlines or found.answers]
    for sentence in told:
        console.print(sentence, style="bold", markup=False, highlight=False)
    for line in (*found.caveats, *found.trust):
        if not any(line.conclusion in sentence for sentence in told):
            console.print(f"- {line.conclusion}", markup=False, highlight=False)
    console.print()
    order: list[Readout] = [*FREE, *analysis.readouts]
    readout: Readout | None = next((one for one in order if one in analysis.readouts), None)
    if readout is not None:
        _print_scores(analysis, readout, console)
        for judged in analysis.judged:
            _print_spill_line(judged, readout, console)
    if missing:
        console.print(f"Not asked: {len(missing)}, which --tables names.", markup=False, highlight=False)


def _print_scores(analysis: Analysis, readout: Readout, console: Console) -> None:
    """Prints the scores of a readout, in several tables where one is too wide: names may break, numbers never do."""
    metrics = analysis.metrics_in(readout)
    scores = [analysis.score(metric, readout, condition) for metric in metrics for condition in analysis.conditions]
    sizes = sorted({score.estimate.n for score in scores if score})
    cells = f"{sizes[0]} to {sizes[-1]}" if len(sizes) > 1 else "".join(map(str, sizes))
    title = (
        f"{capitalised(READOUT_TITLES[readout])}: belief in the claim, score [95 % interval], {cells} questions a cell"
    )
    names = [*analysis.conditions, *(_lifted(finetune) for finetune in analysis.finetunes)]
    narrowest = max((len(word) for name in names for word in name.split()), default=0)
    fit = max(1, (console.width - narrowest - GAP) // (INTERVAL + GAP))
    together = ceil(len(metrics) / ceil(len(metrics) / fit))  # as many in the last table as in the first, about
    for start in range(0, len(metrics), together):
        table = _scores(analysis, readout, metrics[start : start + together], title if start == 0 else "")
        name, *numbers = table.columns
        name.max_width = max(narrowest, console.width - GAP - len(numbers) * (INTERVAL + GAP))
        if name.max_width < max(map(len, names)):
            for column in numbers:
                column.width = INTERVAL
        console.print(table, "")


def _print_spill_line(analysis: Analysis, readout: Readout, console: Console) -> None:
    spill = analysis.spill_overall(readout)
    if spill is None:
        return
    after = {row.fact for row in analysis.rows if (row.readout, row.condition) == (readout, analysis.finetune)}
    facts = len(after & set(analysis.controls))
    which = f"{analysis.finetune}: " if len(analysis.finetunes) > 1 else ""
    line = f"{which}Spill-over on {facts} fact{'s' * (facts > 1)} that it should leave alone: "
    line += f"{spill.baseline.value:.2f} before, {spill.finetuned.value:.2f} after, "
    line += f"change {interval(spill.change, signed=True)} ({spill.change.n} questions)."
    console.print(line, markup=False, highlight=False)


def print_tables(
    analysis: Analysis, missing: Sequence[str], console: Console | None = None, judges: Judges | None = None
) -> None:
    """Prints scores, contrasts, validity, spill-over and what is known of the judges."""
    console = console or Console()
    for readout in analysis.readouts:
        title = f"Belief in the claim: {READOUT_TITLES[readout]}"
        console.print(_scores(analysis, readout, analysis.metrics_in(readout), title), "")
    _print_validity(analysis, console)
    _print_spill(analysis, console)
    if judges is not None:
        _print_judges(judges, console)
    for line in missing:
        console.print(f"not asked: {line}", markup=False)


def _scores(analysis: Analysis, readout: Readout, metrics: Sequence[MetricName], title: str) -> Table:
    """Returns the scores of every condition, and what each finetune adds to baseline."""
    table = _table(title, ("condition", *(TITLES[metric] for metric in metrics)))
    for condition in analysis.conditions:
        scores = [analysis.score(metric, readout, condition) for metric in metrics]
        table.add_row(condition, *(interval(score.estimate if score else None) for score in scores))
    for finetune in analysis.finetunes:
        lifts = [analysis.lift(metric, readout, finetune) for metric in metrics]
        if any(lifts):
            cells = [interval(lift.estimate if lift else None, signed=True) for lift in lifts]
            table.add_row(f"[bold]{_lifted(finetune)}", *cells)
    return table


def _lifted(finetune: str) -> str:
    return f"{finetune} - baseline"


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
