"""`doxa export RUN --to inspect`: the rows of a run in another tool's format."""

from pathlib import Path

import click


@click.command("export")
@click.argument("run", metavar="RUN", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--to", "target", type=click.Choice(["inspect"]), required=True, help="Whose format.")
@click.option("--folder", type=click.Path(path_type=Path), help="Where the logs go.  [default: logs/NAME of the run]")
@click.option("--json", "as_json", is_flag=True, help="Print the paths of the logs as JSON.")
def command(run: Path, target: str, folder: Path | None, as_json: bool) -> None:
    """Write the rows of a run as Inspect logs, with every conversation behind them.

    One log a fact, condition and family of readouts. No model is asked, and the run folder stays as it is.
    """
    import json

    from doxa.inspect.exporting import export_run

    folder = folder or Path("logs") / run.resolve().name
    written = export_run(run, folder)
    if as_json:
        click.echo(json.dumps([str(path) for path in written], indent=2))
        return
    click.echo(f"{len(written)} logs in {folder}; `inspect view --log-dir {folder}` shows them")
