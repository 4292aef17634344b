"""`doxa facts`: the catalogue, and a check of one's own facts."""

from pathlib import Path

import click


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
def check(path: str, as_json: bool) -> None:
    """Check the fact folder at PATH (or a catalogue id): banks, markers, documents."""
    import json

    from doxa.corpus.gates.sorting import gates_for, pass_gates
    from doxa.corpus.store import fact_documents
    from doxa.facts.checking import Finding, check_fact
    from doxa.facts.loading import load_fact

    name = path if "/" in path or not Path(path).is_dir() else f"./{path}"
    fact = load_fact(name)
    findings = check_fact(fact)
    documents = fact_documents(fact)
    _, rejected = pass_gates(documents, gates_for(fact))
    findings += [
        Finding(level="warning", where=f"document {item.document.id}", problem=f"{item.gate}: {item.reason}")
        for item in rejected
    ]
    if as_json:
        click.echo(json.dumps([finding.model_dump() for finding in findings], indent=2))
    else:
        for finding in findings:
            click.echo(f"{finding.level}: {finding.where}: {finding.problem}")
        stems = {
            bank: f"{len(items)} items, {len({i.cluster for i in items})} stems" for bank, items in fact.banks.items()
        }
        for bank, counts in stems.items():
            click.echo(f"{bank}: {counts}")
        counted = sum(finding.level != "note" for finding in findings)
        click.echo(f"{fact.id}: {len(documents)} documents, {counted} findings")
    if any(finding.level == "error" for finding in findings):
        raise SystemExit(2)
