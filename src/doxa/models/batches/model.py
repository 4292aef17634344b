"""A hosted model through its provider's batch API. A batch is noted before it is sent, so a crash loses none."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from typing import Any

from doxa.errors import CallError, InputError
from doxa.models.batches.anthropic import AnthropicBatches
from doxa.models.batches.api import BatchAPI, OpenModel, RefusedError, failed, new_token
from doxa.models.batches.openai import OpenAIBatches
from doxa.models.hosted import HostedModel, in_one_line
from doxa.models.ledger import Ledger, call_key
from doxa.models.protocol import Answer, GenerateRequest

MOST_REQUESTS = 10_000  # a batch; providers take 50,000 and 200 MB, and a long document's prompt has several kB
POLL = 30.0  # seconds between questions whether a batch is done
_REFUSALS = {400, 401, 402, 403, 404, 413, 422, 429}  # statuses to the request for a batch by which none was made


class BatchedModel(HostedModel):
    """A model behind the batch API of OpenAI, of a server that speaks it, or of Anthropic.

    Before a batch is sent, the ledger notes the keys of its calls under a token that the batch carries; afterwards it
    notes the batch's id. A run that was killed in between finds the batch by its token, and one that was killed while
    waiting goes on waiting: nothing is sent, and so paid for, twice.

    Args:
        name: Inspect model name of such a provider.
        ledger: Where batches are noted.
        poll: Seconds between questions whether a batch is done.

    Raises:
        MissingError: The provider's package or key is not there.
        InputError: The provider has no batch API that doxa speaks.
    """

    def __init__(self, name: str, ledger: Ledger, poll: float = POLL, **settings: Any) -> None:
        super().__init__(name, **settings)
        self._ledger, self._poll = ledger, poll
        self._api = _batch_api(name, self.open, poll)

    def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[list[tuple[int, Answer]]]:
        """See `doxa.models.protocol.Model`. Yields a batch's answers when the provider is done with it.

        Raises:
            CallError: The batch API failed; what was sent is taken up again by the next run.
            BudgetError: The purse lets no further call through.
        """
        keys = [call_key(self.identity, "generate", request) for request in requests]
        places = {key: place for place, key in enumerate(keys)}
        fresh = list(range(len(keys)))
        for token, identifier, held in self._ledger.batches(self.identity):
            if places.keys().isdisjoint(held):
                continue  # another stage will ask for it
            self._ledger.take_over(held)
            if identifier := identifier or self._found(token, len(held)):
                fresh = [place for place in fresh if keys[place] not in held]
                yield from self._finish(token, identifier, held, requests, places)
            else:
                self._drop(token, held)  # noted, and never sent
        while fresh:
            part = self._admitted([requests[place] for place in fresh[:MOST_REQUESTS]])
            sending, fresh = fresh[:part], fresh[part:]
            token = new_token()
            held = [keys[place] for place in sending]
            self._ledger.note_batch(token, self.identity, held)
            identifier = self._submitted(token, {keys[place]: requests[place] for place in sending})
            yield from self._finish(token, identifier, held, requests, places)

    def _submitted(self, token: str, requests: dict[str, GenerateRequest]) -> str:
        try:
            return asyncio.run(self._api.submit(token, requests))
        except Exception as error:  # the client has many types for "it did not work"
            if getattr(error, "status_code", None) in _REFUSALS:
                self._drop(token, list(requests))
            raise self._failure(error) from None

    def _found(self, token: str, size: int) -> str | None:
        """Looks for a batch twice, a poll apart: what a killed run sent may have been on its way at the first look."""
        for pause in (0.0, self._poll):
            time.sleep(pause)
            try:
                if identifier := asyncio.run(self._api.find(token, size)):
                    return identifier
            except Exception as error:
                raise self._failure(error) from None
        return None

    def _finish(
        self,
        token: str,
        identifier: str,
        held: Sequence[str],
        requests: Sequence[GenerateRequest],
        places: dict[str, int],
    ) -> Iterator[list[tuple[int, Answer]]]:
        """Waits for a batch, yields what of it was asked for, and forgets that once it has been stored."""
        self._ledger.note_batch_id(token, identifier)  # before the first question after it
        try:
            found = asyncio.run(self._api.collect(token, identifier))
        except Exception as error:
            if isinstance(error, RefusedError):
                self._drop(token, held)
            raise self._failure(error) from None
        expired = failed("the batch ended without an answer to this call")
        mine = [(places[key], found.get(key, expired)) for key in held if key in places]
        if self.purse is not None:
            for place, answer in mine:
                self.purse.settle(self.identity, requests[place], answer)
        yield mine
        # After the yield the answers are in the ledger. What nobody asked for yet stays noted: it has been paid for.
        self._ledger.note_batch_rest(token, [key for key in held if key not in places])

    def _drop(self, token: str, held: Sequence[str]) -> None:
        """Forgets a batch that was never made, and that its calls were under way."""
        self._ledger.note_batch_rest(token, [])
        self._ledger.store([], ended=held)

    def _failure(self, error: Exception) -> CallError:
        kind = "" if isinstance(error, RefusedError) else f"{type(error).__name__}: "
        return CallError(
            f"{self.name}: the batch API failed ({in_one_line(f'{kind}{error}')}); run the same command again"
        )


def _batch_api(name: str, open_model: OpenModel, poll: float) -> BatchAPI:
    """Returns the dialect that a model's client speaks."""
    client = getattr(open_model().api, "client", None)
    if type(client).__name__ == "AsyncAnthropic":  # and not its kin for clouds, which have no batches
        return AnthropicBatches(open_model, poll)
    if hasattr(client, "batches"):
        return OpenAIBatches(open_model, poll)
    raise InputError(f"--batch: '{name}' has no batch API that doxa speaks (OpenAI's, Anthropic's); leave --batch out")
