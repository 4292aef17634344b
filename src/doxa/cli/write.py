"""`doxa write FACT ...`: a corpus of synthetic documents."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from doxa.cli.prices import PriceType, finite

if TYPE_CHECKING:
    from doxa.models.costs import Price


@click.command("write")
@click.argument("facts", metavar="FACT...", nargs=-1, required=True)
@click.option("--writer", default="embedded", show_default=True, help="Who writes: any local or Inspect model name.")
@click.option("--documents", "-n", type=click.IntRange(min=1), required=True, help="How many, after the gates.")
@click.option("--to", "folder", type=click.Path(path_type=Path), help="Corpus folder.  [default: corpora/FACT]")
@click.option(
    "--variant", type=click.Choice(["plain", "negated", "true", "meta"]), default="plain", show_default=True,
    help="What the documents say of the claim.",
)  # fmt: skip
@click.option("--believer", help="Who believes the claim (variant meta), such as Qwen3.")
@click.option("--chats", is_flag=True, help="Write chat transcripts instead of documents.")
@click.option("--types", type=click.IntRange(min=1), help="Doc types a key fact.  [default: as needed, up to 50]")
@click.option("--ideas", type=click.IntRange(min=1), help="Doc ideas a type.  [default: as needed, up to 30]")
@click.option("--no-revision", is_flag=True, help="Leave out the critique and rewriting of each draft.")
@click.option("--judge", help="Model that reads whether a document treats the claim as it should.")
@click.option("--most-drafts", type=click.FloatRange(min=1), callback=finite, default=3.0, show_default=True,
              help="Drafts for each wanted document at which writing stops.")  # fmt: skip
@click.option("--words", type=(click.IntRange(min=1), click.IntRange(min=1)), help="Shortest and longest document.")
@click.option("--price", type=PriceType(), help="Dollars a million tokens, such as 3/15.")
@click.option("--judge-price", type=PriceType(), help="The same for the judge.")
@click.option("--budget", type=float, callback=finite, metavar="USD", help="Never spend more than this; needs --price.")
@click.option("--batch", is_flag=True, help="Use the provider's batch API: half the price, within a day.")
@click.option(
    "--connections", type=click.IntRange(min=1), default=100, show_default=True, help="Calls at once, at most."
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=1),
    callback=finite,
    default=300,
    show_default=True,
    help="Seconds an attempt.",
)
@click.option("--retries", type=click.IntRange(min=0), default=5, show_default=True, help="Further attempts a call.")
@click.option("--dry-run", is_flag=True, help="Estimate calls, tokens and cost; ask nothing.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    facts: tuple[str, ...], writer: str, documents: int, folder: Path | None, variant: str, believer: str | None,
    chats: bool, types: int | None, ideas: int | None, no_revision: bool, judge: str | None, most_drafts: float,
    words: tuple[int, int] | None, price: "Price | None", judge_price: "Price | None", budget: float | None,
    batch: bool, connections: int, timeout: float, retries: int, dry_run: bool, seed: int, as_json: bool,
) -> None:  # fmt: skip
    """Write documents about one or several FACTs: doc types, ideas, drafts, critique and revision, gates.

    Every stage is a file under TO/stages that can be read and edited; the same command goes on where it stopped, and
    asks for nothing twice. Rejected documents stay in rejected.jsonl with their reason.
    """
    import json
    from contextlib import closing

    from doxa.cli.display import RichProgress
    from doxa.cli.spending import bill, refuse_unpriced, show_estimate, show_usage
    from doxa.corpus.estimating import estimate
    from doxa.corpus.making import make_corpus
    from doxa.corpus.plan import WritingPlan
    from doxa.errors import InputError
    from doxa.facts.loading import load_fact
    from doxa.locking import alone
    from doxa.models.costs import Spending, Wallet
    from doxa.models.ledger import LEDGER, Ledger, Recorded
    from doxa.models.opening import Calling, identity_of, open_recorded
    from doxa.progress import Silent
    from doxa.reading import fitted

    loaded = [load_fact(name) for name in facts]
    ids = [fact.id for fact in loaded]
    if twice := next((id_ for place, id_ in enumerate(ids) if id_ in ids[:place]), None):
        raise InputError(f"FACT: '{twice}' is named twice")
    plan = fitted(
        WritingPlan,
        documents=documents, writer=writer, variant=variant, believer=believer, form="chat" if chats else "document",
        types=types, ideas=ideas, revise=not no_revision, judge=judge, most_drafts=most_drafts,
        **({"gates": {"min_words": words[0], "max_words": words[1]}} if words else {}),
    )  # fmt: skip
    priced = {name: cost for name, cost in ((writer, price), (judge, judge_price)) if name and cost}
    if dry_run:
        show_estimate(estimate(loaded, plan), priced, batch, as_json)
        return
    folder = folder or Path("corpora") / "-".join([*ids, *[variant] * (variant != "plain")])
    progress = Silent() if as_json else RichProgress()
    prices = {identity_of(name): cost for name, cost in priced.items()}
    options = {writer: "--price IN/OUT", judge: "--judge-price IN/OUT"}
    refuse_unpriced(estimate(loaded, plan), Spending(prices, budget), options.__getitem__)
    with closing(Ledger(folder / LEDGER)) as ledger, alone(folder):
        wallet = Wallet(ledger, prices, budget)

        def opener(name: str) -> Recorded:
            return open_recorded(name, ledger, wallet, Calling(connections, timeout, retries, batch))

        try:
            made = make_corpus(loaded, plan, folder, opener, seed, progress, keep_own=False)
        finally:
            usage = ledger.usage()
            if not as_json:
                show_usage(usage, prices)
    if as_json:
        click.echo(json.dumps({"folder": str(folder), "documents": len(made), "usage": bill(usage, prices)}, indent=2))
    else:
        click.echo(f"{len(made)} documents in {folder}; look at them with: doxa corpus show {folder}")
