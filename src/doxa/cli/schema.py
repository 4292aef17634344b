"""`doxa schema study|fact`: the JSON Schema of a file that people write."""

import click


@click.command("schema")
@click.argument("what", type=click.Choice(["study", "fact"]))
def command(what: str) -> None:
    """Print the JSON Schema of a study file, or of a fact's fact.yaml, for editors and programs.

    It knows fields, types and shorthand; what hangs together across fields is checked when the file is read.
    """
    import json

    from doxa.schemas import schema

    click.echo(json.dumps(schema("fact" if what == "fact" else "study"), indent=2))
