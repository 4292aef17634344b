"""What a batch API has to do for us, and the token by which a batch is known that nobody heard the id of."""

import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from typing import Any

from doxa.models.hosted import RETRIES, in_one_line
from doxa.models.protocol import Answer, GenerateRequest

OpenModel = Callable[[], Any]  # gives Inspect's model with a client of its own
_GONE = 404  # status of what the provider does not have, or no longer
_TIME_DIGITS = 12  # hexadecimal digits of a token that hold milliseconds since 1970, as in a UUID of version 7


class BatchAPI(ABC):
    """One provider's way with batches. Each call runs in an event loop of its own.

    Args:
        open_model: Gives the model; its client is closed after each call.
        poll: Seconds between questions whether a batch is done.
    """

    def __init__(self, open_model: OpenModel, poll: float) -> None:
        self._open, self._poll = open_model, poll

    @abstractmethod
    async def submit(self, token: str, requests: Mapping[str, GenerateRequest]) -> str:
        """Sends requests, by their keys, as one batch that carries the token, once, and returns the batch's id."""

    @abstractmethod
    async def find(self, token: str, size: int) -> str | None:
        """Returns the id of the batch of `size` calls that carries a token, or None when it is sure that none does."""

    @abstractmethod
    async def collect(self, token: str, identifier: str) -> dict[str, Answer]:
        """Waits for a batch and returns its answers by their keys, without those of calls that were never made.

        Of a batch that the provider no longer has, these are none.

        Raises:
            RefusedError: The provider did not take the batch on, and never will.
        """

    @asynccontextmanager
    async def _client(self) -> AsyncGenerator[Any]:
        """Opens a client that tries again, which anything but the making of a batch may do."""
        async with self._open().api.client as client:
            yield client.with_options(max_retries=RETRIES)


@contextmanager
def nothing_where_gone() -> Generator[None]:
    """Passes over an error by which the provider says that it does not have what is asked for."""
    try:
        yield
    except Exception as error:  # each client has a type of its own for it
        if getattr(error, "status_code", None) != _GONE:
            raise


def failed(reason: str) -> Answer:
    """Returns the answer of a call in a batch that failed."""
    return Answer(text=in_one_line(reason), stop="error", batched=True)


class RefusedError(Exception):
    """A batch was not taken on: it costs nothing, and its calls may be sent again."""


def new_token() -> str:
    """Returns 32 hexadecimal digits that tell a batch apart from every other, and when it was noted."""
    return f"{time.time_ns() // 1_000_000:0{_TIME_DIGITS}x}{uuid.uuid4().hex[_TIME_DIGITS:]}"


def noted_at(token: str) -> datetime:
    """Returns when a token was made, by the clock of the machine that made it."""
    return datetime.fromtimestamp(int(token[:_TIME_DIGITS], 16) / 1000, UTC)
