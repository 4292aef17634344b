"""Models elsewhere, through Inspect's providers: any name that Inspect knows is a subject, a writer or a judge."""

import asyncio
import hashlib
import os
import random
import re
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol

from doxa.errors import BudgetError, InputError, MissingError
from doxa.models.naming import hub_hint
from doxa.models.pacing import Pace, wait_before
from doxa.models.protocol import Answer, GenerateRequest, Message, ScoreRequest, Scores, Stop

CONNECTIONS = 100  # calls at once, at most; rate limits bring the number down
NO_ANSWER = "the reply holds no answer"
GIVEN_UP = "the call was given up"
RETRIES = 5
TIMEOUT = 300  # seconds for one attempt
SEED_BITS = 31  # what every provider takes: some count in signed 32-bit numbers
LONGEST_REASON = 200  # characters; some providers send a whole page with an error

_MARKUP = re.compile(r"\[/?[a-z ]+\]")  # Inspect colours its errors for the terminal
_HOPELESS = {400, 401, 403, 404, 405, 413, 422}  # statuses that another attempt would meet again
_NOBODY_CAN = {401, 404}  # statuses that every other call would meet too: a wrong key, a wrong model name

# Servers that apply a chat template, and what they are told: to switch thinking off, as the local engine does.
SERVERS = ("vllm/", "sglang/")
THOUGHTLESS = {"chat_template_kwargs": {"enable_thinking": False}}

STOPS: dict[str, Stop] = {
    "stop": "stop", "max_tokens": "length", "model_length": "length", "content_filter": "filtered",
}  # fmt: skip


class Purse(Protocol):
    """Says whether the calls of a model may be paid for."""

    def admit(self, identity: str, requests: Sequence[GenerateRequest], batched: bool = False) -> int:
        """Returns how many of the requests, from the first on, may be sent now, and holds their cost back."""
        ...

    def take_over(self, identity: str, most_usd: Mapping[str, float]) -> None:
        """Hears that calls of a killed run, by their keys, are under way in this one, and what each can cost."""
        ...

    def release(self, keys: Sequence[str]) -> None:
        """Hears that calls which were let through or taken over are not under way and cost nothing."""
        ...

    def settle(self, identity: str, request: GenerateRequest, answer: Answer) -> None:
        """Hears how a call that was let through ended."""
        ...


class HostedModel:
    """A model behind an API.

    Args:
        name: Inspect model name, such as `anthropic/claude-sonnet-4-5` or `openai-api/local/my-model`.
        retries: Further attempts of a call before it counts as failed; a rate limit is waited out, and is none.
        connections: Calls at once, at most.
        timeout: Seconds after which an attempt is given up.
        purse: Asked before any call is sent.

    Raises:
        MissingError: The provider's package or key is not there.
    """

    _batched = False  # whether its calls go through a batch API, at its discount

    def __init__(
        self,
        name: str,
        retries: int = RETRIES,
        connections: int = CONNECTIONS,
        timeout: float = TIMEOUT,
        purse: Purse | None = None,
    ) -> None:
        self.name = name
        self.purse = purse
        self._retries, self._timeout = retries, timeout
        self._pace = Pace(connections, time.monotonic)  # what one stage learns of the provider serves the next
        self.open()  # says at once what is missing

    @property
    def identity(self) -> str:
        """The provider's name for it; a hosted model has no digest that we could know."""
        return f"hosted:{self.name}"

    def open(self) -> Any:
        """Returns Inspect's model with a client of its own, which belongs to the event loop that it first runs in.

        Raises:
            MissingError: The provider's package or key is not there.
        """
        from inspect_ai.model import get_model

        try:
            model = get_model(self.name, memoize=False)
        except Exception as error:  # Inspect raises a different type for each provider
            reason = " ".join(without_keys(_MARKUP.sub("", str(error))).split())
            raise MissingError(f"the model '{self.name}' cannot be used: {reason}{hub_hint(self.name)}") from None
        client = getattr(model.api, "client", None)
        if client is not None and hasattr(client, "max_retries"):
            client.max_retries = 0  # a provider's own retries would be neither paced nor counted
        return model

    def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[list[tuple[int, Answer]]]:
        """See `doxa.models.protocol.Model`. A call that fails after its retries is an answer with `stop="error"`.

        Raises:
            MissingError: The provider refuses the key, or has no such model.
            BudgetError: The purse lets no further call through; what was answered has been yielded.
        """
        if any(request.raw for request in requests):
            raise InputError(f"{self.name} takes chats only; it cannot continue raw text")
        return self._generate(deque(enumerate(requests)))

    def _generate(self, waiting: deque[tuple[int, GenerateRequest]]) -> Iterator[list[tuple[int, Answer]]]:
        with asyncio.Runner() as runner:
            extra = THOUGHTLESS if self.name.startswith(SERVERS) else None
            flight = _Flight(self.open(), self._pace, self._retries, self._timeout, extra)
            try:
                while waiting or flight.busy:
                    self._launch(waiting, flight, runner.get_loop())
                    landed = runner.run(flight.landed())
                    if self.purse is not None:
                        for _, request, answer in landed:
                            self.purse.settle(self.identity, request, answer)
                    if landed:
                        yield [(index, answer) for index, _, answer in landed]
                    if flight.hopeless:
                        raise MissingError(f"{self.name}: {flight.hopeless}{hub_hint(self.name)}")
            finally:
                runner.run(flight.close())

    def _launch(
        self, waiting: deque[tuple[int, GenerateRequest]], flight: "_Flight", loop: asyncio.AbstractEventLoop
    ) -> None:
        batch = [waiting[place] for place in range(min(flight.room(), len(waiting)))]
        if batch:
            batch = batch[: self._admitted([request for _, request in batch], must=not flight.busy)]
        for index, request in batch:
            waiting.popleft()
            flight.launch(index, request, loop)

    def _admitted(self, requests: Sequence[GenerateRequest], must: bool = True) -> int:
        """Returns how many of the requests may be sent now.

        Raises:
            BudgetError: None, and they `must` go on, since no call is under way whose end could free some money.
        """
        admitted = len(requests)
        if self.purse is not None:
            admitted = self.purse.admit(self.identity, requests, self._batched)
        if must and not admitted:
            raise BudgetError(f"the budget does not cover the next call to {self.name}; what was answered is kept")
        return admitted

    def score(self, requests: Sequence[ScoreRequest]) -> Iterator[list[tuple[int, Scores]]]:
        """Hosted models do not tell the probability of a given text.

        Raises:
            InputError: Always; leave the likelihood readout out.
        """
        raise InputError(f"{self.name} cannot score fixed answers; the likelihood readout needs a local model")


class _Flight:
    """The calls that are under way in one event loop: the provider's HTTP client belongs to that loop."""

    def __init__(
        self, model: Any, pace: Pace, retries: int, timeout: float, extra: dict[str, Any] | None = None
    ) -> None:
        self.hopeless = ""  # why no further call can succeed
        self._extra = extra
        self._model, self._pace, self._retries, self._timeout = model, pace, retries, timeout
        self._calls: set[asyncio.Task[None] | None] = set()
        self._landed: list[tuple[int, GenerateRequest, Answer]] = []
        self._news = asyncio.Event()
        pace.begin()

    @property
    def busy(self) -> bool:
        """Whether a call is under way, or an answer has not been handed on."""
        return bool(self._calls or self._landed)

    def room(self) -> int:
        """Returns how many calls may be launched now."""
        return 0 if self._pace.pause() else max(0, self._pace.at_once - len(self._calls))

    def launch(self, index: int, request: GenerateRequest, loop: asyncio.AbstractEventLoop) -> None:
        """Starts a call."""
        turns = chat(request.messages)
        self._calls.add(loop.create_task(self._call(index, request, turns)))

    async def landed(self) -> list[tuple[int, GenerateRequest, Answer]]:
        """Waits for answers, or for the end of a pause, and returns the answers."""
        if not self._landed:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), self._pace.pause() or None)
        self._news.clear()
        landed, self._landed = self._landed, []
        return landed

    async def close(self) -> None:
        """Gives up what is under way and closes the client."""
        calls = [call for call in self._calls if call]
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        async with self._model:
            pass

    async def _call(self, index: int, request: GenerateRequest, turns: list[Any]) -> None:
        """Makes a call, which lands whatever happens to it: somebody waits for it."""
        answer = Answer(text=GIVEN_UP, stop="error")
        try:
            answer = await self._answer(request, turns)
        except Exception as error:  # outside of the attempts: what is asked, or whether to ask again
            answer = Answer(text=_reason(error), stop="error")
        finally:
            self._landed.append((index, request, answer))
            self._calls.discard(asyncio.current_task())
            self._news.set()

    async def _answer(self, request: GenerateRequest, turns: list[Any]) -> Answer:
        config = inspect_config(request)
        config.extra_body = self._extra
        attempt = failures = 0
        while True:
            attempt += 1
            try:
                answer = await asyncio.wait_for(_ask(self._model.api, turns, config), self._timeout)
                self._pace.succeeded()
                return answer.model_copy(update={"attempts": attempt})
            except Exception as error:  # each provider raises its own types
                status = getattr(error, "status_code", None)
                if status in _NOBODY_CAN:
                    self.hopeless = _reason(error)
                if status in _HOPELESS:
                    return Answer(text=_reason(error), stop="error", attempts=attempt)
                decision = self._model.api.should_retry(error)
                retry_after = getattr(decision, "retry_after", None)
                limited = getattr(decision, "kind", "") == "rate_limit" and bool(decision)
                if limited:
                    self._pace.limited(retry_after)
                failures += not (limited and self._pace.patient())
                if failures > self._retries:
                    return Answer(text=_reason(error), stop="error", attempts=attempt)
                await asyncio.sleep(wait_before(attempt, retry_after, random.random()))


async def _ask(api: Any, turns: list[Any], config: Any) -> Answer:
    """Makes one attempt, straight through the provider: pacing and retries are ours, transcripts nobody reads."""
    from inspect_ai.model._model import collapse_consecutive_messages_for_api

    found = await api.generate(collapse_consecutive_messages_for_api(turns, api), [], "none", config)
    output = found[0] if isinstance(found, tuple) else found
    if isinstance(output, Exception):
        raise output
    if not output.choices:
        raise ValueError(output.error or NO_ANSWER)
    return answer_of(output)


def answer_of(output: Any) -> Answer:
    """Returns what Inspect's model said as an answer; a reply without a choice is an error."""
    if not output.choices:
        return Answer(text=output.error or NO_ANSWER, stop="error")
    text, usage = output.completion.strip(), output.usage
    return Answer(
        text=text,
        stop=STOPS.get(output.stop_reason, "stop" if text else "error"),
        tokens_in=usage.input_tokens if usage else 0,
        tokens_out=usage.output_tokens if usage else 0,
    )


def inspect_config(request: GenerateRequest) -> Any:
    """Returns a request's sampling in Inspect's words."""
    from inspect_ai.model import GenerateConfig

    sampling = request.sampling
    return GenerateConfig(
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        top_k=sampling.top_k or None,
        max_tokens=sampling.max_tokens,
        seed=provider_seed(sampling.seed, request.sample),
    )


def provider_seed(seed: int, sample: int) -> int:
    """Returns the seed with which a provider makes one draw.

    Two draws with the same one are the same answer, so a sum of both numbers would repeat most answers of one seed
    under the next: a hash meets another pair by chance only.
    """
    digest = hashlib.sha256(f"{seed} {sample}".encode()).digest()
    return int.from_bytes(digest) % 2**SEED_BITS


def chat(messages: Sequence[Message]) -> list[Any]:
    """Returns a conversation as Inspect's messages."""
    from inspect_ai.model import ChatMessageAssistant, ChatMessageSystem, ChatMessageUser

    kinds = {"system": ChatMessageSystem, "user": ChatMessageUser, "assistant": ChatMessageAssistant}
    return [kinds[message.role](content=message.content) for message in messages]


def _reason(error: Exception) -> str:
    return in_one_line(f"{type(error).__name__}: {error}")


def in_one_line(reason: str) -> str:
    """Returns why a call failed in one line that may be shown: short, and without keys."""
    return " ".join(without_keys(reason).split())[:LONGEST_REASON]


def without_keys(text: str) -> str:
    """Blanks every value of a secret environment variable out of a text."""
    for variable, value in os.environ.items():
        if variable.endswith(("KEY", "TOKEN", "SECRET")) and len(value) > 5:
            text = text.replace(value, "***")
    return text
