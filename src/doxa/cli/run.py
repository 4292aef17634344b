"""`doxa run STUDY`: the main job."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from doxa.report.writing import Written


@click.command("run")
@click.argument("study_file", metavar="STUDY", type=click.Path(path_type=Path))
@click.option(
    "--runs", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Folder for runs."
)
@click.option("--memory", metavar="SIZE", help="What a local model may hold beyond its weights, such as 4GiB.")
@click.option("--json", "as_json", is_flag=True, help="Print the estimates as JSON instead of tables.")
def command(study_file: Path, runs: Path, memory: str | None, as_json: bool) -> None:
    """Run a study from its file, or go on where it stopped.

    Everything lands in RUNS/NAME: ledger, corpus, adapter, rows and report. A run that was stopped, by whatever,
    goes on when the same command is given again; no call is made twice.
    """
    from doxa.cli.display import RichProgress
    from doxa.models.sizes import read_size
    from doxa.progress import Silent
    from doxa.reading import read_yaml
    from doxa.report.writing import write_report
    from doxa.study.records import Study
    from doxa.study.running import run_study

    study = read_yaml(study_file, Study)
    folder = runs / study.name
    progress = Silent() if as_json else RichProgress()
    run_study(study, folder, study_file.parent, progress, read_size(memory) if memory else None)
    show_report(write_report(folder), as_json)


def show_report(written: "Written", as_json: bool) -> None:
    """Prints the tables of a written report and names the page."""
    from doxa.report.tables import print_tables

    if as_json:
        click.echo(written.as_json())
    else:
        for found in written.findings:
            if len(written.findings) > 1:
                click.secho(f"\n{found.fact}", bold=True)
            print_tables(found.analysis, found.missing, judges=found.judges)
        click.echo(f"\nreport: {written.page}")
