"""`doxa run STUDY`: the main job."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from doxa.cli.prices import ModelPriceType, finite

if TYPE_CHECKING:
    from doxa.models.costs import Price
    from doxa.models.ledger import Usage
    from doxa.report.writing import Written


@click.command("run")
@click.argument("study_file", metavar="STUDY", type=click.Path(path_type=Path))
@click.option(
    "--runs", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Folder for runs."
)
@click.option("--memory", metavar="SIZE", help="What a local model may hold beyond its weights, such as 4GiB.")
@click.option("--dry-run", is_flag=True, help="Estimate calls, tokens and cost of every stage; ask nothing.")
@click.option(
    "--price",
    "prices",
    type=ModelPriceType(),
    multiple=True,
    help="Dollars a million tokens of a model; once a hosted model.",
)
@click.option(
    "--budget",
    type=click.FloatRange(min=0, min_open=True),
    callback=finite,
    metavar="USD",
    help="Never spend more than this; needs every --price.",
)
@click.option("--tables", is_flag=True, help="Print every table on the answers at the end, not the outcome alone.")
@click.option("--json", "as_json", is_flag=True, help="Print the estimates and the bill as JSON instead.")
def command(
    study_file: Path,
    runs: Path,
    memory: str | None,
    dry_run: bool,
    prices: "tuple[tuple[str, Price], ...]",
    budget: float | None,
    tables: bool,
    as_json: bool,
) -> None:
    """Run a study from its file, or go on where it stopped.

    Everything lands in RUNS/NAME: ledger, corpus, adapter, rows and report. A run that was stopped, by whatever,
    goes on when the same command is given again; no call is made twice.
    """
    import json

    from doxa.cli.display import RichProgress
    from doxa.cli.spending import bill, refuse_unpriced, show_estimate, show_usage
    from doxa.models.costs import Spending
    from doxa.models.opening import identity_of
    from doxa.models.sizes import read_size
    from doxa.progress import Silent
    from doxa.reading import read_yaml
    from doxa.report.writing import write_report
    from doxa.study.checking import check_plan, check_study
    from doxa.study.estimating import estimate_study
    from doxa.study.records import Study
    from doxa.study.running import facts_of, run_study
    from doxa.study.timing import against_demo

    study = read_yaml(study_file, Study)
    located = study.located(study_file.parent)
    facts = facts_of(located)
    if dry_run:
        check_plan(located, facts.implanted, study_file)
        stages = estimate_study(located, facts)
        show_estimate(stages, dict(prices), batch=False, as_json=as_json)
        if not as_json and (line := against_demo(stages)):
            click.echo(line)
        check_study(located, facts.implanted, study_file)  # what is still to be got is said beside what all would take
        return
    check_study(located, facts.implanted, study_file)
    spending = Spending({identity_of(name): price for name, price in prices}, budget)
    if budget is not None:
        refuse_unpriced(estimate_study(located, facts), spending)
    folder = runs / study.name
    progress = Silent() if as_json else RichProgress()
    try:
        run_study(study, folder, study_file.parent, progress, read_size(memory) if memory else None, spending)
    finally:
        if not as_json:
            show_usage(_usage_of(folder), spending.prices)
    written = write_report(folder)
    if as_json:
        usage = bill(_usage_of(folder), spending.prices)
        click.echo(json.dumps({**json.loads(written.as_json()), "usage": usage}, indent=2))
    else:
        show_report(written, tables)


def _usage_of(folder: Path) -> "list[Usage]":
    """Returns what the hosted models of a run were asked so far."""
    from contextlib import closing

    from doxa.models.ledger import LEDGER, Ledger

    if not (folder / LEDGER).is_file():
        return []
    with closing(Ledger(folder / LEDGER)) as ledger:
        return ledger.usage()


def show_report(written: "Written", tables: bool) -> None:
    """Prints what a written report says, in short or with every table, and names the page."""
    from doxa.report.tables import print_study_tables, print_summary, print_tables

    for found in written.findings:
        if len(written.findings) > 1:
            click.secho(f"\n{found.fact}", bold=True)
        print_summary(found.about, () if tables else found.missing)
        if tables:
            print_tables(found.about)
    if tables:
        print_study_tables(written.run)
    click.echo(f"\nreport: {written.page}")
