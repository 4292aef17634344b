"""Anthropic's Message Batches API: no metadata, so the name of every call in a batch begins with our token."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from doxa.models.batches.api import BatchAPI, failed, noted_at, nothing_where_gone
from doxa.models.hosted import inspect_config
from doxa.models.protocol import Answer, GenerateRequest, Stop

PAGE = 100  # batches a page of the list
# How far our clock may be ahead of the provider's. A wrong time zone is less, and a look in vain costs little.
CLOCKS_DIFFER = timedelta(days=1)

_STOPS: dict[str, Stop] = {
    "end_turn": "stop", "stop_sequence": "stop", "max_tokens": "length", "model_context_window_exceeded": "length",
    "refusal": "filtered",
}  # fmt: skip


class AnthropicBatches(BatchAPI):
    """See `doxa.models.batches.api.BatchAPI`.

    A call's name (`custom_id`) is our token and the call's key, 32 hexadecimal digits each: 64 is what the API takes.
    """

    async def submit(self, token: str, requests: Mapping[str, GenerateRequest]) -> str:
        """Sends the requests, which are tried once: a second try could make a second batch."""
        model = self._open()
        calls = [
            {"custom_id": f"{token}{key}", "params": _params(model.api, request)} for key, request in requests.items()
        ]
        async with model.api.client as client:
            return str((await client.messages.batches.create(requests=calls)).id)

    async def find(self, token: str, size: int) -> str | None:
        """Looks into every batch that could be ours: of that many calls, and not older than the token.

        The names of a batch's calls can be read only when it has ended, so batches in progress are waited for, each for
        a day at most; until then nobody knows.
        """
        async with self._client() as client:
            batches = client.messages.batches
            oldest = noted_at(token) - CLOCKS_DIFFER
            unknown: list[str] = []
            async for batch in batches.list(limit=PAGE):  # newest first
                if batch.created_at < oldest:
                    break
                if _size(batch) == size:
                    unknown.append(batch.id)
            while unknown:
                running: list[str] = []
                for identifier in unknown:
                    batch = await batches.retrieve(identifier)
                    if batch.processing_status != "ended":
                        running.append(identifier)
                    elif await _carries(batches, batch, token):
                        return identifier
                if unknown := running:
                    await asyncio.sleep(self._poll)
        return None

    async def collect(self, token: str, identifier: str) -> dict[str, Answer]:
        """Waits, and reads the stream of results; calls that expired or were canceled are left out."""
        answers: dict[str, Answer] = {}
        async with self._client() as client:
            batches = client.messages.batches
            with nothing_where_gone():
                while (batch := await batches.retrieve(identifier)).processing_status != "ended":
                    await asyncio.sleep(self._poll)
                if batch.results_url:  # kept for some weeks only
                    async for line in await batches.results(identifier):
                        if line.result.type in ("succeeded", "errored"):
                            answers[line.custom_id.removeprefix(token)] = _answer(line.result)
        return answers


def _params(api: Any, request: GenerateRequest) -> dict[str, Any]:
    """Returns the body of a call. Inspect knows which sampling parameters the API in this version takes."""
    settings, *_ = api.completion_config(inspect_config(request))
    turns = [message.model_dump() for message in request.messages if message.role != "system"]
    system = [{"type": "text", "text": message.content} for message in request.messages if message.role == "system"]
    return {**settings, "messages": turns} | ({"system": system} if system else {})


def _size(batch: Any) -> int:
    """Returns the number of calls in a batch, whatever became of them."""
    counts = batch.request_counts
    return int(counts.processing + counts.succeeded + counts.errored + counts.canceled + counts.expired)


async def _carries(batches: Any, batch: Any, token: str) -> bool:
    """Whether the calls of a batch that has ended carry our token; one of them tells for all."""
    if not batch.results_url:
        return False
    lines = await batches.results(batch.id)
    try:
        first = await anext(lines, None)
        return first is not None and first.custom_id.startswith(token)
    finally:
        await lines.close()


def _answer(result: Any) -> Answer:
    """Reads the result of one call that succeeded or failed."""
    if result.type == "errored":
        return failed(f"{result.error.error.type}: {result.error.error.message}")
    message = result.message
    text = "\n".join(block.text for block in message.content if block.type == "text").strip()
    return Answer(
        text=text,
        stop=_STOPS.get(message.stop_reason or "", "stop" if text else "error"),
        tokens_in=message.usage.input_tokens,
        tokens_out=message.usage.output_tokens,
        batched=True,
    )
