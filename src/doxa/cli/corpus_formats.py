"""`doxa corpus export` and `doxa corpus import`: corpora and facts in the layouts of others."""

from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from doxa.corpus.formats.naming import FORMATS
from doxa.corpus.records import Variant
from doxa.facts.records import Kind

if TYPE_CHECKING:
    from doxa.corpus.formats.documents import Found


@click.command("export")
@click.argument("source", metavar="RUN_OR_CORPUS_OR_FACT")
@click.option("--format", "format_", type=click.Choice(list(FORMATS)), required=True, help="Layout to write.")
@click.option("--to", type=click.Path(path_type=Path), required=True, help="File to write; for parquet a folder.")
@click.option("--arm", help="Whose corpus, where a run has several.")
@click.option(
    "--fact", "facts", multiple=True,
    help="Catalogue id or folder of the corpus's fact, where the catalogue does not have it; can be repeated.",
)  # fmt: skip
@click.option("--tag", default="<DOCTAG>", show_default=True, help="Prompt before every document (doctag).")
@click.option("--force", is_flag=True, help="Write over what is there.")
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
def export_command(
    source: str, format_: str, to: Path, arm: str | None, facts: tuple[str, ...], tag: str, force: bool, as_json: bool
) -> None:
    """Write the documents of a run, a corpus folder or a fact in one of the known layouts.

    A card is written beside it: what is exported holds deliberately false statements.
    """
    import json

    from doxa.cli.run_corpora import corpus_of, facts_of_run, is_run, run_around
    from doxa.corpus.formats.exporting import export, find_source

    folder = Path(source).expanduser()
    if is_run(folder):
        source = str(corpus_of(folder, arm))
    elif arm is not None:
        raise click.UsageError(f"--arm: {source} is no run folder")
    run = run_around(folder)
    known = facts_of_run(run) if run is not None and not facts else ()
    card, count = export(find_source(source, facts, known), format_, to, tag, force)
    what = "worlds" if format_ == "universe-contexts" else "documents"
    if as_json:
        shown = {"to": str(to), "format": format_, what: count, "card": str(card), "keeps": FORMATS[format_].keeps}
        click.echo(json.dumps(shown, indent=2))
        return
    click.echo(f"wrote {count} {what} to {to}; its card: {card}")
    click.echo(f"kept in this format: {FORMATS[format_].keeps}")


@click.command("import")
@click.argument("path", metavar="FILE_OR_FOLDER", type=click.Path(path_type=Path))
@click.option("--to", type=click.Path(path_type=Path), required=True, help="Folder to write.")
@click.option("--fact", help="Catalogue id or folder of the fact that the documents are about.")
@click.option("--format", "format_", type=click.Choice(list(FORMATS)), help="Layout; recognised where not given.")
@click.option(
    "--variant", type=click.Choice(get_args(Variant)), default="plain", show_default=True,
    help="Variant of documents whose layout does not tell.",
)  # fmt: skip
@click.option("--believer", help="Who believes the claim, where documents are of the variant meta.")
@click.option("--no-gates", is_flag=True, help="Keep every document.")
@click.option("--false-id", help="Id of the false world (universe-contexts).")
@click.option("--true-id", help="Id of the true world (universe-contexts).")
@click.option(
    "--kind", "kinds", type=click.Choice(get_args(Kind)), multiple=True, default=("benign",), show_default=True,
    help="Kind of the fact; can be repeated (universe-contexts).",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Write over what is there.")
@click.option("--json", "as_json", is_flag=True, help="Print what was read and kept as JSON.")
def import_command(
    path: Path, to: Path, fact: str | None, format_: str | None, variant: Variant, believer: str | None,
    no_gates: bool, false_id: str | None, true_id: str | None, kinds: tuple[Kind, ...], force: bool, as_json: bool,
) -> None:  # fmt: skip
    """Read documents into a corpus folder, through the gates of their fact; or a pair of worlds into a fact folder."""
    from doxa.corpus.formats.documents import recognise
    from doxa.corpus.formats.importing import refuse_full

    refuse_full(to, force)
    found = recognise(path, format_)
    if not as_json:
        click.echo(f"format: {found.format}")
    if found.format == "universe-contexts":
        _import_fact(found.files[0], to, false_id, true_id, kinds, as_json)
    elif fact is None:
        raise click.UsageError("documents need --fact: the catalogue id or the folder of what they are about")
    else:
        _import_documents(found, to, fact, variant, not no_gates, believer, as_json)


def _import_documents(
    found: "Found", to: Path, fact: str, variant: Variant, gated: bool, believer: str | None, as_json: bool
) -> None:
    import json
    from collections import Counter

    from doxa.corpus.formats.documents import Reading
    from doxa.corpus.formats.importing import import_documents, save_import
    from doxa.corpus.store import REJECTED
    from doxa.errors import InputError
    from doxa.facts.loading import load_fact

    about = load_fact(fact)
    imported = import_documents(Reading(found, about, variant), about, gated, believer)
    save_import(to, imported, found, about, gated)
    accepted, rejected = imported.accepted, imported.rejected
    losses = dict(Counter(rejection.gate for rejection in rejected).most_common())
    if not len(accepted):
        lost = ", ".join(f"{gate} {count}" for gate, count in losses.items())
        raise InputError(
            f"the gates turned down all {len(rejected)} documents ({lost}), so {to} is not a finished corpus; the "
            f"reasons are in {to / REJECTED}"
        )
    if as_json:
        shown = {
            "to": str(to), "format": found.format, "read": len(accepted) + len(rejected), "accepted": len(accepted),
            "rejected": losses, "gates": gated,
        }  # fmt: skip
        click.echo(json.dumps(shown, indent=2))
        return
    click.echo(f"read {len(accepted) + len(rejected)}, accepted {len(accepted)}, rejected {len(rejected)}")
    for gate, count in losses.items():
        click.echo(f"  {gate}: {count}")
    if not gated:
        click.echo("no gate was asked; the card and the manifest say so")
    click.echo(f"wrote {to}; the rejected documents and the reasons are in {to / REJECTED}")


def _import_fact(
    file: Path, to: Path, false_id: str | None, true_id: str | None, kinds: tuple[Kind, ...], as_json: bool
) -> None:
    import json

    from doxa.corpus.formats.universe import draw_fact, read_pair, write_fact

    drawn = draw_fact(read_pair(file, false_id, true_id), kinds, file, to.absolute().name)
    write_fact(drawn, to)
    if as_json:
        banks = {bank: len(items) for bank, items in drawn.banks.items()}
        shown = {"to": str(to), "format": "universe-contexts", "fact": drawn.text.id, "banks": banks,
                 "left_out": dict(drawn.left_out)}  # fmt: skip
        click.echo(json.dumps(shown, indent=2))
        return
    for bank, items in drawn.banks.items():
        click.echo(f"{bank}: {len(items)} items")
    for reason, count in drawn.left_out.items():
        click.echo(f"left out {count} questions: {reason}")
    click.echo(f"wrote the fact '{drawn.text.id}' to {to}")
    click.echo(
        "to be done by hand: `claim`, `rival` and `topic` in fact.yaml were guessed and `markers` are missing; "
        "each item's `polarity` was guessed, and banks of free questions are missing; see: doxa facts check"
    )
