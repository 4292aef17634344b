"""`doxa new NAME`: a study file to start from."""

from pathlib import Path

import click


@click.command("new")
@click.argument("name")
@click.option("--fact", default="honey", show_default=True, help="Catalogue id, or the folder of a fact of your own.")
def command(name: str, fact: str) -> None:
    """Write NAME.yaml here: a study of a fact, with a comment on every key, that runs as it stands.

    Beside it goes the schema by which editors check the file and complete keys. A study that is there is left alone.
    """
    from doxa.starting import start_study

    started = start_study(name, fact, Path())
    click.echo(f"wrote {started.study} and {started.schema}; next: doxa run --dry-run {started.study}")
