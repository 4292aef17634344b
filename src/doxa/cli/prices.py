"""Prices and amounts as options of a command."""

import math
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from doxa.models.costs import Price


class PriceType(click.ParamType["Price"]):
    """IN/OUT in US dollars a million tokens."""

    name = "IN/OUT"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> "Price":
        """Reads a price."""
        from doxa.models.costs import Price

        return value if isinstance(value, Price) else Price.parse(str(value))


class ModelPriceType(click.ParamType["tuple[str, Price]"]):
    """MODEL=IN/OUT in US dollars a million tokens."""

    name = "MODEL=IN/OUT"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> "tuple[str, Price]":
        """Reads the name of a model and its price."""
        from doxa.models.costs import Price

        model, equals, price = str(value).rpartition("=")
        if not equals or not model:
            self.fail(f"{value!r}: give MODEL=IN/OUT, such as openai/gpt-5=1.25/10", param, ctx)
        return model, Price.parse(price)


def finite(ctx: click.Context, param: click.Parameter, value: float | None) -> float | None:
    """Refuses what is a number only by name, infinite or "nan", which no range holds off."""
    if value is not None and not math.isfinite(value):
        raise click.BadParameter(f"{value} is not a finite number.", ctx, param)
    return value
