"""Money on the terminal: what something would cost, and what was spent."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from doxa.models.costs import Price, Spending, StageEstimate
    from doxa.models.ledger import Usage


def price_option(model: str) -> str:
    """Returns how a command is told the price of a model, where it takes `--price` once a model."""
    return f"--price {model}=IN/OUT"


def refuse_unpriced(
    stages: "Sequence[StageEstimate]", spending: "Spending", option: Callable[[str], str] = price_option
) -> None:
    """Refuses a budget before anything is asked, where a hosted model has no price to count with.

    Args:
        stages: What is going to be asked of whom.
        spending: Budget and prices; without a budget nothing is refused.
        option: Returns the option by which a command is told a model's price.

    Raises:
        InputError: A price is missing; names the options to add.
    """
    from doxa.errors import InputError
    from doxa.models.costs import price_of
    from doxa.models.naming import is_hosted
    from doxa.models.opening import identity_of

    hosted = dict.fromkeys(stage.model for stage in stages if is_hosted(stage.model))
    unpriced = [name for name in hosted if price_of(spending.prices, identity_of(name)) is None]
    if spending.budget is not None and unpriced:
        wanted = " ".join(map(option, unpriced))
        raise InputError(f"--budget needs the price of every hosted model, in dollars a million tokens: add {wanted}")


def show_estimate(stages: "Sequence[StageEstimate]", prices: "Mapping[str, Price]", batch: bool, as_json: bool) -> None:
    """Prints calls, tokens and dollars of every stage; a model without a price has no dollars."""
    from rich.console import Console
    from rich.table import Table

    from doxa.models.costs import BATCH_DISCOUNT
    from doxa.models.naming import is_hosted

    discount = BATCH_DISCOUNT if batch else 1.0
    dollars = [
        discount * prices[stage.model].of(stage.tokens_in, stage.tokens_out) if stage.model in prices else None
        for stage in stages
    ]
    unpriced = sorted({stage.model for stage in stages if is_hosted(stage.model) and stage.model not in prices})
    total = None if unpriced else sum(cost for cost in dollars if cost is not None)
    if as_json:
        rows = [{**stage.model_dump(), "usd": cost} for stage, cost in zip(stages, dollars, strict=True)]
        click.echo(json.dumps({"stages": rows, "usd": total}, indent=2))
        return
    table = Table("stage", "model", box=None, title="Estimate; nothing was asked", title_justify="left")
    for name in ("calls", "tokens in", "tokens out", "USD"):
        table.add_column(name, justify="right")
    for stage, cost in zip(stages, dollars, strict=True):
        table.add_row(stage.stage, stage.model, f"{stage.calls:,}", f"{stage.tokens_in:,}", f"{stage.tokens_out:,}",
                      _usd(cost) if is_hosted(stage.model) else "runs here")  # fmt: skip
    sums = [sum(getattr(stage, field) for stage in stages) for field in ("calls", "tokens_in", "tokens_out")]
    hosted = any(is_hosted(stage.model) for stage in stages)
    table.add_row("all", "", *(f"{number:,}" for number in sums), _usd(total) if hosted else "runs here")
    Console().print(table)
    if unpriced:
        click.echo(f"dollars: give --price, in dollars a million tokens, of {', '.join(unpriced)}")


def show_usage(usages: "Sequence[Usage]", prices: "Mapping[str, Price]") -> None:
    """Prints what each hosted model was asked so far, and what that cost where the price is known."""
    for entry in bill(usages, prices):
        line = f"{entry['model']}: {entry['calls']:,} calls, {entry['tokens_in']:,} tokens in, "
        line += f"{entry['tokens_out']:,} out, {_usd(entry['usd'])}"
        if entry["attempts"] > entry["calls"]:
            line += f"; {entry['attempts'] - entry['calls']:,} attempts failed"
        if entry["lost"]:
            line += f"; {entry['lost']:,} calls were under way when a run was killed and may be billed"
            line += f" (at most {_usd(entry['lost_usd'])})" if entry["usd"] is not None else ""
        click.echo(line, err=True)


def bill(usages: "Sequence[Usage]", prices: "Mapping[str, Price]") -> list[dict[str, Any]]:
    """Returns the usage of each hosted model with its dollars, None where the price is not known."""
    from doxa.models.costs import price_of, spent

    return [
        {**usage.model_dump(), "usd": spent(usage, price) if (price := price_of(prices, usage.model)) else None}
        for usage in usages
        if usage.model.startswith("hosted:")
    ]


def _usd(dollars: float | None) -> str:
    return "price unknown" if dollars is None else f"${dollars:,.4f}" if dollars < 1 else f"${dollars:,.2f}"
