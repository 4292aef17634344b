"""`doxa new NAME`: a study file to start from."""

from pathlib import Path

import click


@click.command("new")
@click.argument("name")
@click.option("--fact", default="honey", show_default=True, help="Catalogue id, or the folder of a fact of your own.")
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
def command(name: str, fact: str, as_json: bool) -> None:
    """Write NAME.yaml here: a study of a fact, with a comment on every key, that runs as it stands.

    Beside it goes the schema by which editors check the file and complete keys. A study that is there is left alone.
    """
    import json

    from doxa.starting import start_study

    started = start_study(name, fact, Path())
    if as_json:
        click.echo(json.dumps({"study": str(started.study), "schema": str(started.schema)}, indent=2))
        return
    click.echo(f"wrote {started.study} and {started.schema}; next: doxa run --dry-run {started.study}")
