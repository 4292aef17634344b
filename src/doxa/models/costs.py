"""What calls cost: a price, what was spent so far, and a purse that lets no call through that it could not pay."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Self

from pydantic import Field

from doxa.errors import InputError
from doxa.models.ledger import Ledger, Usage, call_key
from doxa.models.protocol import Answer, GenerateRequest
from doxa.records import Record

MILLION = 1_000_000
BATCH_DISCOUNT = 0.5  # what providers with a batch API ask for a call through it
CHARACTERS_A_TOKEN = 4.0  # of English prose, roughly; for estimates
# For what may never be underestimated: no tokenizer in use makes more tokens of English than one every two characters,
# and every turn has a few tokens of its own.
FEWEST_CHARACTERS_A_TOKEN = 2.0
TOKENS_A_TURN = 8


class Price(Record):
    """US dollars for a million tokens."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads `IN/OUT`, such as `3/15`.

        Raises:
            InputError: It is not two numbers.
        """
        found = re.fullmatch(r"\s*\$?(\d*\.?\d+)\s*/\s*\$?(\d*\.?\d+)\s*", text)
        if not found:
            raise InputError(f"a price is IN/OUT in US dollars a million tokens, such as 3/15, not {text!r}")
        return cls(input=float(found[1]), output=float(found[2]))

    def of(self, tokens_in: float, tokens_out: float) -> float:
        """Returns what so many tokens cost."""
        return (tokens_in * self.input + tokens_out * self.output) / MILLION

    def most(self, request: GenerateRequest) -> float:
        """Returns the most that one call can cost: a full answer to the longest count of its prompt."""
        characters = sum(len(message.content) for message in request.messages)
        tokens_in = characters / FEWEST_CHARACTERS_A_TOKEN + TOKENS_A_TURN * len(request.messages)
        return self.of(tokens_in, request.sampling.max_tokens)


class StageEstimate(Record):
    """What one stage would take.

    Attributes:
        stage: Its name.
        model: Who would be asked.
        calls: How often.
        tokens_in: Tokens of all prompts.
        tokens_out: Tokens of all answers.
    """

    stage: str
    model: str
    calls: int
    tokens_in: int
    tokens_out: int


UNKNOWN = Price(input=0, output=0)  # counts as nothing, and is only used where nothing is counted


def spent(usage: Usage, price: Price) -> float:
    """Returns what the stored answers of one model cost, those of a batch API at its discount."""
    full = price.of(usage.tokens_in - usage.batched_in, usage.tokens_out - usage.batched_out)
    return full + BATCH_DISCOUNT * price.of(usage.batched_in, usage.batched_out)


class Spending(NamedTuple):
    """What calls may cost.

    Attributes:
        prices: Of each model's tokens, by the model's identity.
        budget: US dollars that may be spent; None for no bound.
    """

    prices: Mapping[str, Price] = {}
    budget: float | None = None


def price_of(prices: Mapping[str, Price], identity: str) -> Price | None:
    """Returns the price of a model by its identity, where it is known; an adapter costs what its base does."""
    return prices.get(identity) or prices.get(identity.partition("+")[0])


class Wallet:
    """Pays for the calls of all models out of one ledger and one budget.

    Args:
        ledger: Where every call is noted before it is sent.
        prices: Of each model's tokens, by the model's identity; what has no price cannot be counted in money.
        budget: US dollars that all calls of this ledger together may cost, lost ones included.

    Raises:
        InputError: The budget is nothing.
    """

    def __init__(self, ledger: Ledger, prices: Mapping[str, Price], budget: float | None = None) -> None:
        if budget is not None and budget <= 0:
            raise InputError(f"a budget of {budget:g} dollars pays for no call; give more, or leave it out")
        self._ledger, self._prices, self._budget = ledger, dict(prices), budget
        self._used = sum(
            spent(usage, price) + usage.lost_usd
            for usage in ledger.usage()
            if (price := price_of(prices, usage.model)) is not None
        )
        self._held: dict[str, float] = {}

    def admit(self, identity: str, requests: Sequence[GenerateRequest], batched: bool = False) -> int:
        """Returns how many of the requests the budget covers even at their most, notes those, and holds the money back.

        Args:
            identity: Of the model that is asked.
            requests: What it is asked.
            batched: Whether that goes through a batch API, at its discount.

        Raises:
            InputError: There is a budget, and the model has no price to count with.
        """
        price, discount = self._price(identity), BATCH_DISCOUNT if batched else 1.0
        costs: list[float] = []
        free = math.inf if self._budget is None else self._budget - self._used - sum(self._held.values())
        for request in requests:
            free -= (cost := discount * price.most(request))
            if free < 0:
                break
            costs.append(cost)
        keys = [call_key(identity, "generate", request) for request in requests[: len(costs)]]
        if keys:
            self._held.update(zip(keys, costs, strict=True))
            self._ledger.note_sent(identity, keys, costs)
        return len(keys)

    def take_over(self, identity: str, most_usd: Mapping[str, float]) -> None:
        """Holds the money of calls of a killed run that are under way in this one: they no longer count as lost.

        Args:
            identity: Of the model that was asked.
            most_usd: The most that each call can cost, by its key; see `Ledger.take_over`.
        """
        if price_of(self._prices, identity) is not None:  # else nothing was counted
            self._used -= sum(most_usd.values())
            self._held.update(most_usd)

    def release(self, keys: Sequence[str]) -> None:
        """Gives back what was held for calls that are not under way and cost nothing."""
        for key in keys:
            self._held.pop(key, None)

    def settle(self, identity: str, request: GenerateRequest, answer: Answer) -> None:
        """Gives back what was held for a call and counts what it used."""
        self._held.pop(call_key(identity, "generate", request), None)
        discount = BATCH_DISCOUNT if answer.batched else 1.0
        self._used += discount * self._price(identity).of(answer.tokens_in, answer.tokens_out)

    def _price(self, identity: str) -> Price:
        price = price_of(self._prices, identity)
        if price is None and self._budget is not None:
            raise InputError(f"a budget needs the price of {identity}: give it as IN/OUT, dollars a million tokens")
        return price or UNKNOWN
