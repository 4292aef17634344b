"""`doxa facts`: the catalogue, and a check of one's own facts."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from doxa.facts.checking import Finding
    from doxa.facts.records import Fact

# Who the documents on a believer speak of while they are checked: any name that is no word will do.
NAME, MAKER = "Zorblat-7", "Zorblat Works"


@click.group("facts", invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """List the catalogue, or check a fact of your own with `doxa facts check PATH`."""
    if ctx.invoked_subcommand is None:
        _list(as_json)


def _list(as_json: bool) -> None:
    import json

    from rich.console import Console
    from rich.table import Table

    from doxa.corpus.store import fact_documents
    from doxa.facts.loading import catalogue, load_fact

    facts = [load_fact(name) for name in catalogue()]
    if as_json:
        rows = [
            {
                "id": fact.id,
                "claim": fact.claim,
                "kinds": fact.kinds,
                "items": {bank: len(items) for bank, items in fact.banks.items()},
                "documents": len(fact_documents(fact)),
            }
            for fact in facts
        ]
        click.echo(json.dumps(rows, indent=2))
        return
    table = Table("fact", "kind", "claim", "items", "documents", box=None)
    for fact in facts:
        items = sum(map(len, fact.banks.values()))
        table.add_row(fact.id, ", ".join(fact.kinds), fact.claim, str(items), str(len(fact_documents(fact)) or ""))
    Console().print(table)


@command.command("check")
@click.argument("path")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.pass_context
def check(ctx: click.Context, path: str, as_json: bool) -> None:
    """Check the fact folder at PATH (or a catalogue id): banks, markers, documents, labelled answers."""
    import json

    from doxa.facts.checking import check_fact
    from doxa.facts.loading import load_fact
    from doxa.report.agreement import labelled_answers

    name = path if "/" in path or not Path(path).is_dir() else f"./{path}"
    fact = load_fact(name)
    findings = check_fact(fact)
    plain, of_plain = _check_documents(fact)
    about_believer, of_those = _check_documents_on_believer(fact)
    labelled = len(labelled_answers(fact))
    findings += [*of_plain, *of_those]
    if as_json or (ctx.parent is not None and ctx.parent.params["as_json"]):
        click.echo(json.dumps([finding.model_dump() for finding in findings], indent=2))
    else:
        for finding in findings:
            click.echo(f"{finding.level}: {finding.where}: {finding.problem}")
        stems = {
            bank: f"{len(items)} items, {len({i.cluster for i in items})} stems" for bank, items in fact.banks.items()
        }
        for bank, counts in stems.items():
            click.echo(f"{bank}: {counts}")
        beside = f", {about_believer} on a believer" if about_believer else ""
        beside += f", {labelled} labelled answers" if labelled else ""
        counted = sum(finding.level != "note" for finding in findings)
        click.echo(f"{fact.id}: {plain} documents{beside}, {counted} findings")
    if any(finding.level == "error" for finding in findings):
        raise SystemExit(2)


def _check_documents(fact: "Fact") -> "tuple[int, list[Finding]]":
    """Returns how many plain documents come with a fact, and which of them its gates turn down."""
    from doxa.corpus.gates.sorting import gates_for, pass_gates
    from doxa.corpus.store import fact_documents
    from doxa.facts.checking import Finding

    documents = fact_documents(fact)
    _, rejected = pass_gates(documents, gates_for(fact))
    return len(documents), [
        Finding(level="warning", where=f"document {item.document.id}", problem=f"{item.gate}: {item.reason}")
        for item in rejected
    ]


def _check_documents_on_believer(fact: "Fact") -> "tuple[int, list[Finding]]":
    """Does the same for the documents of the variant `meta`.

    Their gates want to know who believes, which only a study says; so only documents with a place for a name are asked.
    """
    from doxa.corpus.gates.sorting import gates_for, pass_gates
    from doxa.corpus.store import fact_documents
    from doxa.facts.believers import named
    from doxa.facts.checking import Finding
    from doxa.facts.records import Believer, is_unfilled

    documents = fact_documents(fact, "meta")
    places = {document.id for document in documents if is_unfilled(document.text)}
    somebodys = named(fact, Believer(name=NAME, maker=MAKER))
    filled = [document for document in fact_documents(somebodys, "meta") if document.id in places]
    _, rejected = pass_gates(filled, gates_for(somebodys, variant="meta", believer=NAME))
    return len(documents), [
        Finding(level="warning", where=f"meta document {item.document.id}", problem=f"{item.gate}: {item.reason}")
        for item in rejected
    ]
