"""`doxa report RUN`: write the page of a finished run anew."""

from pathlib import Path

import click


@click.command("report")
@click.argument("run", metavar="RUN", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--tables", is_flag=True, help="Print every table, not the outcome alone.")
@click.option("--json", "as_json", is_flag=True, help="Print the estimates as JSON instead.")
def command(run: Path, tables: bool, as_json: bool) -> None:
    """Write the report of a run anew, from its rows; no model is asked."""
    from doxa.cli.run import show_report
    from doxa.report.writing import write_report

    written = write_report(run)
    if as_json:
        click.echo(written.as_json())
    else:
        show_report(written, tables)
