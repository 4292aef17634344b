"""A hosted model through its provider's batch API. A batch is noted before it is sent, so a crash loses none."""

import asyncio
import time
from collections import deque
from collections.abc import Container, Iterator, Sequence
from typing import Any, NamedTuple

from doxa.errors import CallError, InputError
from doxa.models.batches.anthropic import AnthropicBatches
from doxa.models.batches.api import BatchAPI, OpenModel, RefusedError, failed, new_token, nothing_where_gone
from doxa.models.batches.openai import OpenAIBatches
from doxa.models.hosted import HostedModel, in_one_line
from doxa.models.ledger import Ledger, call_key
from doxa.models.protocol import Answer, GenerateRequest

MOST_REQUESTS = 10_000  # a batch; providers take 50,000 and 200 MB, and a long document's prompt has several kB
POLL = 30.0  # seconds between questions whether a batch is done
_REFUSALS = {400, 401, 402, 403, 404, 413, 422, 429}  # statuses to the request for a batch by which none was made


class _Batch(NamedTuple):
    """A batch under way.

    Attributes:
        token: By which it is known before it has an id.
        identifier: The provider's id of it.
        held: Keys of its calls.
        alone: Whether it would be refused again: no other batch of ours was under way when it was sent, or who knows.
    """

    token: str
    identifier: str
    held: Sequence[str]
    alone: bool = True


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

    _batched = True

    def __init__(self, name: str, ledger: Ledger, poll: float = POLL, **settings: Any) -> None:
        super().__init__(name, **settings)
        self._ledger, self._poll = ledger, poll
        self._api = _batch_api(name, self.open, poll)

    def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[list[tuple[int, Answer]]]:
        """See `doxa.models.protocol.Model`. Yields a batch's answers when the provider is done with it.

        Every batch that the purse lets through is sent before one is waited for, since each may take a day. Where the
        provider refuses one beside others, as more than may wait at once, they are sent one after another.

        Raises:
            CallError: The batch API failed; what was sent is taken up again by the next run.
            BudgetError: The purse lets no further call through.
        """
        keys = [call_key(self.identity, "generate", request) for request in requests]
        places = {key: place for place, key in enumerate(keys)}
        under_way = deque(self._resumed(places))
        taken = {key for batch in under_way for key in batch.held}
        fresh = [place for place, key in enumerate(keys) if key not in taken]
        together = True
        while fresh or under_way:
            while (together or not under_way) and (part := self._admitted_of(fresh, requests, must=not under_way)):
                sending, fresh = fresh[:part], fresh[part:]
                batch = self._sent({keys[place]: requests[place] for place in sending})
                under_way.append(batch._replace(alone=not under_way))
            batch = under_way.popleft()
            try:
                yield from self._finish(batch, requests, places)
            except RefusedError as error:
                self._drop(batch.token, batch.held)
                if batch.alone:
                    raise self._failure(error) from None
                together = False
                fresh = [places[key] for key in batch.held] + fresh

    def _admitted_of(self, fresh: Sequence[int], requests: Sequence[GenerateRequest], must: bool) -> int:
        """Returns how many of the requests at the places `fresh` may be sent as one batch now."""
        return self._admitted([requests[place] for place in fresh[:MOST_REQUESTS]], must) if fresh else 0

    def _resumed(self, places: Container[str]) -> Iterator[_Batch]:
        """Yields the batches of killed runs that hold some of the keys in `places`, and forgets those never made."""
        for token, identifier, held in self._ledger.batches(self.identity):
            if not any(key in places for key in held):
                continue  # another stage will ask for it
            most_usd = self._ledger.take_over(held)
            if self.purse is not None:
                self.purse.take_over(self.identity, most_usd)
            if found := identifier or self._found(token, len(held)):
                self._ledger.note_batch_id(token, found)
                yield _Batch(token, found, held)
            else:
                self._drop(token, held)  # noted, and never sent

    def _sent(self, requests: dict[str, GenerateRequest]) -> _Batch:
        """Notes a batch, sends it and notes its id."""
        token = new_token()
        self._ledger.note_batch(token, self.identity, list(requests))
        identifier = self._submitted(token, requests)
        self._ledger.note_batch_id(token, identifier)
        return _Batch(token, identifier, list(requests))

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
        self, batch: _Batch, requests: Sequence[GenerateRequest], places: dict[str, int]
    ) -> Iterator[list[tuple[int, Answer]]]:
        """Waits for a batch, yields what of it was asked for, and forgets that once it has been stored.

        Raises:
            RefusedError: The provider did not take it on.
        """
        token, identifier, held, _ = batch
        found: dict[str, Answer] = {}
        try:
            with nothing_where_gone():
                found = asyncio.run(self._api.collect(token, identifier))
        except RefusedError:
            raise
        except Exception as error:
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
        if self.purse is not None:
            self.purse.release(held)

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
