"""`doxa corpus`: what is in a corpus; corpora from outside, and out of doxa."""

from pathlib import Path

import click

from doxa.cli.corpus_formats import export_command, import_command


@click.group("corpus")
def command() -> None:
    """Show what a corpus holds and how healthy it is; bring corpora in and out."""


@command.command("show")
@click.argument("run", metavar="RUN", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--arm", help="Whose corpus, where a run has several.")
@click.option("--json", "as_json", is_flag=True, help="Print the profile as JSON.")
def show(run: Path, arm: str | None, as_json: bool) -> None:
    """Show the corpus of RUN, a run folder or a corpus folder: counts, losses by gate, variety, lengths, repetition."""
    from rich.console import Console

    from doxa.cli.corpus_tables import tables
    from doxa.cli.run_corpora import corpus_of, further_corpora, is_run
    from doxa.corpus.profile import profile
    from doxa.corpus.store import read_corpus

    if arm is not None and not is_run(run):
        raise click.UsageError(f"--arm: {run} is no run folder")
    folder = corpus_of(run, arm) if is_run(run) else run
    manifest, documents, rejected = read_corpus(folder)
    found = profile(documents, rejected)
    if is_run(run) and arm is None and (others := further_corpora(run, folder)):
        click.echo(others, err=True)
    if as_json:
        click.echo(found.model_dump_json(indent=2))
        return
    if manifest is None:
        click.echo(f"{folder}: not finished (there is no manifest); what is there so far:", err=True)
    console = Console()
    for table in tables(found):
        console.print(table)


command.add_command(export_command)
command.add_command(import_command)
