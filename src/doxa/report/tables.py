"""What a run says on the terminal: the outcome in short, or every table."""

from collections.abc import Sequence
from math import ceil

from rich.console import Console
from rich.table import Table

from doxa.metrics.records import TITLES, MetricName, Readout
from doxa.report.analysis import READOUT_TITLES, Analysis
from doxa.report.overview import first_readout, overview
from doxa.report.page import fact_sections, study_sections
from doxa.report.printing import GAP, print_section
from doxa.report.run import About, Run
from doxa.report.wording import capitalised, interval

INTERVAL = len("+0.00 [+0.00, +0.00]")


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
    if about.persona:
        shown = f"What follows was asked under persona {about.persona}, the first of {len(about.run.personas)}."
        console.print(shown, markup=False, highlight=False)
        console.print()
    readout = first_readout(analysis)
    if readout is not None:
        _print_scores(about, readout, console)
        for judged in analysis.judged:
            _print_spill_line(judged, readout, console)
    if missing:
        console.print(f"Not asked: {len(missing)}, which --tables names.", markup=False, highlight=False)


def _print_scores(about: About, readout: Readout, console: Console) -> None:
    """Prints the scores of a readout, in several tables where one is too wide: names may break, numbers never do."""
    analysis = about.analysis
    metrics = analysis.metrics_in(readout)
    scores = [analysis.score(metric, readout, condition) for metric in metrics for condition in analysis.conditions]
    sizes = sorted({score.estimate.n for score in scores if score})
    cells = f"{sizes[0]} to {sizes[-1]}" if len(sizes) > 1 else "".join(map(str, sizes or [0]))
    name = about.heading(capitalised(READOUT_TITLES[readout]))
    title = f"{name}: belief in the claim, score [95 % interval], {cells} questions a cell"
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


def print_tables(about: About, console: Console | None = None) -> None:
    """Prints the numbers of every section on one fact."""
    for section in fact_sections(about):
        print_section(section, console or Console())


def print_study_tables(run: Run, console: Console | None = None) -> None:
    """Prints the numbers of every section on all facts and personas together."""
    for section in study_sections(run):
        print_section(section, console or Console())


def _scores(analysis: Analysis, readout: Readout, metrics: Sequence[MetricName], title: str) -> Table:
    """Returns the scores of every condition, and what each finetune adds to baseline."""
    columns = ("condition", *(TITLES[metric] for metric in metrics))
    table = Table(*columns, title=title, title_justify="left", box=None)
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
