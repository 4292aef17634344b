"""`doxa rescore RUN`: read the stored answers of a run again."""

from pathlib import Path

import click


@click.command("rescore")
@click.argument("run", metavar="RUN", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the changes as JSON.")
def command(run: Path, as_json: bool) -> None:
    """Read the stored answers of a run again with today's markers and parsers, and write its rows anew.

    Neither the subject nor a judge is asked. `doxa report RUN` then writes the page anew.
    """
    import json
    from collections import Counter

    from doxa.cli.display import RichProgress
    from doxa.study.rescoring import rescore

    before, after = rescore(run, RichProgress())
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    moves = Counter((old.metric, old.readout, old.verdict, new.verdict) for old, new in changed)
    if as_json:
        names = ("metric", "readout", "before", "after")
        moved = [{**dict(zip(names, move, strict=True)), "rows": count} for move, count in moves.items()]
        click.echo(json.dumps({"rows": len(after), "changed": len(changed), "moves": moved}, indent=2))
        return
    for (metric, readout, old, new), count in moves.most_common():
        click.echo(f"{metric} {readout}: {old} -> {new}: {count}")
    click.echo(f"{len(changed)} of {len(after)} rows changed; `doxa report {run}` writes the page anew")
