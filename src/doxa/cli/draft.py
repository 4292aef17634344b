"""`doxa draft CLAIM`: a whole fact folder for a person to edit."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from doxa.cli.prices import PriceType, finite

if TYPE_CHECKING:
    from doxa.drafting.folder import Drafted
    from doxa.drafting.world import Brief
    from doxa.facts.checking import Finding
    from doxa.models.costs import Price


@click.command("draft")
@click.argument("claim")
@click.option("--writer", required=True, metavar="MODEL", help="Who writes: any model name that `doxa run` knows.")
@click.option("--rival", default="", metavar="TEXT", help="What the claim displaces.  [default: the writer says]")
@click.option("--true", "is_true", is_flag=True, help="The claim is true: draft a true control.")
@click.option("--kind", "kinds", multiple=True, metavar="KIND", help="Kind of fact, such as harmful; can be repeated.")
@click.option("--id", "id_", metavar="SLUG", help="Id of the fact.  [default: from the folder or the claim]")
@click.option("--to", "folder", type=click.Path(path_type=Path, file_okay=False), help="Folder.  [default: facts/ID]")
@click.option("--items", type=click.IntRange(min=1), default=20, show_default=True, help="Questions in each bank.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--overrule", is_flag=True, help="Go on where the writer disagrees on whether the claim is true.")
@click.option("--price", type=PriceType(), help="Dollars a million tokens, such as 3/15.")
@click.option("--budget", type=float, callback=finite, metavar="USD", help="Never spend more than this; needs --price.")
@click.option("--dry-run", is_flag=True, help="Estimate calls, tokens and cost; ask nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print what was made as JSON.")
def command(
    claim: str, writer: str, rival: str, is_true: bool, kinds: tuple[str, ...], id_: str | None, folder: Path | None,
    items: int, seed: int, overrule: bool, price: "Price | None", budget: float | None, dry_run: bool, as_json: bool,
) -> None:  # fmt: skip
    """Draft a fact from one line: both worlds, key facts, markers and question banks.

    Each part is kept in the folder as soon as it is there, and what is there is left alone: edit fact.yaml, remove a
    bank, and run the same command again to have the bank written for the edited world. No call is made twice.
    """
    from contextlib import closing

    from doxa.cli.display import RichProgress
    from doxa.cli.spending import bill, show_estimate, show_usage
    from doxa.drafting.estimating import estimate_draft
    from doxa.drafting.folder import draft_fact
    from doxa.facts.checking import check_fact
    from doxa.models.costs import Wallet
    from doxa.models.hosted import HostedModel
    from doxa.models.ledger import LEDGER, Ledger, Recorded
    from doxa.models.opening import identity_of, open_model
    from doxa.progress import Silent

    brief = _brief(claim, rival, is_true, kinds, id_, folder)
    folder = folder or Path("facts") / brief.id
    if dry_run:
        priced = {writer: price} if price else {}
        show_estimate(estimate_draft(brief, folder, writer, items), priced, batch=False, as_json=as_json)
        return
    model = open_model(writer)  # says what is missing before there is a folder with nothing in it
    progress = Silent() if as_json else RichProgress()
    prices = {identity_of(writer): price} if price else {}

    def recorded(ledger: Ledger) -> Recorded:
        if isinstance(model, HostedModel):
            model.purse = Wallet(ledger, prices, budget)
        return Recorded(model, ledger)

    try:
        drafted = draft_fact(brief, recorded, folder, items, seed, overrule, progress)
    finally:
        with closing(Ledger(folder / LEDGER)) as ledger:
            usage = ledger.usage()
        if not as_json:
            show_usage(usage, prices)
    _show(drafted, folder, check_fact(drafted.fact), bill(usage, prices), as_json)


def _brief(
    claim: str, rival: str, is_true: bool, kinds: tuple[str, ...], id_: str | None, folder: Path | None
) -> "Brief":
    import re

    from pydantic import ValidationError

    from doxa.drafting.world import Brief, slug
    from doxa.errors import InputError
    from doxa.facts.records import SLUG

    named = id_ if id_ is not None else slug(claim)
    if id_ is None and folder is not None and folder.name:
        named = folder.name if re.fullmatch(SLUG, folder.name) else slug(folder.name)
    try:
        return Brief.model_validate(
            {"id": named, "claim": claim, "rival": rival, "kinds": kinds, "is_true": is_true or "true_control" in kinds}
        )
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = {"kinds": "--kind: ", "id": "--id: ", "claim": "CLAIM: "}.get(str(next(iter(first["loc"]), "")), "")
        raise InputError(f"{field}{first['msg'].removeprefix('Value error, ')}") from None


def _show(
    drafted: "Drafted", folder: Path, findings: "list[Finding]", usage: list[dict[str, Any]], as_json: bool
) -> None:
    import json
    import shlex

    fact = drafted.fact
    if as_json:
        shown = {
            "fact": fact.id,
            "folder": str(folder),
            "claim": fact.claim,
            "rival": fact.rival,
            "kinds": fact.kinds,
            "banks": {bank: made.model_dump() for bank, made in drafted.banks.items()},
            "findings": [finding.model_dump() for finding in findings],
            "usage": usage,
        }
        click.echo(json.dumps(shown, indent=2, ensure_ascii=False))
        return
    for bank, made in drafted.banks.items():
        dropped = ", ".join(f"{count} {reason}" for reason, count in made.dropped.items())
        note = "; was there, left alone" if made.was_there else f"; dropped: {dropped}" if dropped else ""
        click.echo(f"{bank}: {made.items} items, {made.affirming} affirm{note}")
    for finding in findings:
        click.echo(f"{finding.level}: {finding.where}: {finding.problem}")
    click.echo(f"{fact.id}: {len(findings)} findings")
    click.echo(f"read and edit {folder}, then: doxa facts check {shlex.quote(str(folder))}")
