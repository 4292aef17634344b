"""The batch API of OpenAI, and of servers that speak it: files of requests, and metadata that hold our token."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from doxa.models.batches.api import BatchAPI, RefusedError, failed, nothing_where_gone
from doxa.models.hosted import RETRIES, STOPS, chat, inspect_config
from doxa.models.protocol import Answer, GenerateRequest

ENDPOINT = "/v1/chat/completions"
MARK = "doxa"  # name of our token in a batch's metadata
_ENDED = {"completed", "failed", "expired", "cancelled"}


class OpenAIBatches(BatchAPI):
    """See `doxa.models.batches.api.BatchAPI`."""

    async def submit(self, token: str, requests: Mapping[str, GenerateRequest]) -> str:
        """Sends the requests as a file, and makes a batch of it."""
        model = self._open()
        lines = [
            json.dumps({"custom_id": key, "method": "POST", "url": ENDPOINT, "body": await _body(model.api, request)})
            for key, request in requests.items()
        ]
        async with model.api.client as client:
            file = await client.with_options(max_retries=RETRIES).files.create(
                file=(f"{token}.jsonl", "\n".join(lines).encode()), purpose="batch"
            )
            batch = await client.batches.create(  # tried once: a second try could make a second batch
                input_file_id=file.id, endpoint=ENDPOINT, completion_window="24h", metadata={MARK: token}
            )
        return str(batch.id)

    async def find(self, token: str, size: int) -> str | None:
        """Looks for the token in the metadata of all batches; the size tells nothing more."""
        del size
        async with self._client() as client:
            async for batch in client.batches.list():
                if (batch.metadata or {}).get(MARK) == token:
                    return str(batch.id)
        return None

    async def collect(self, token: str, identifier: str) -> dict[str, Answer]:
        """Waits, and reads the files of answers and of errors; calls that expired are left out."""
        del token
        async with self._client() as client:
            while (batch := await client.batches.retrieve(identifier)).status not in _ENDED:
                await asyncio.sleep(self._poll)
            if batch.status == "failed":  # in its check of the file, before any call
                errors = getattr(batch.errors, "data", None) or []
                raise RefusedError("; ".join(str(error.message) for error in errors[:3]) or "the batch was refused")
            answers: dict[str, Answer] = {}
            for file in filter(None, (batch.output_file_id, batch.error_file_id)):
                with nothing_where_gone():  # one of the two may be kept longer
                    for line in (await client.files.content(file)).text.splitlines():
                        if line.strip():
                            record = json.loads(line)
                            answers[record["custom_id"]] = _answer(record)
        return answers


async def _body(api: Any, request: GenerateRequest) -> dict[str, Any]:
    """Returns the body of a call. Inspect knows which parameters and roles the model takes in chat completions."""
    from inspect_ai.model._openai import messages_to_openai, openai_completion_params
    from inspect_ai.model._providers.openai import OpenAIAPI
    from inspect_ai.model._providers.openai_compatible import OpenAICompatibleAPI
    from inspect_ai.model._providers.openai_completions import completion_params_completions

    config, turns = inspect_config(request), chat(request.messages)
    if isinstance(api, OpenAIAPI):
        reasons = api.is_o_series() or api.is_gpt_5()
        messages = await messages_to_openai(turns, "developer" if reasons else "system")
        settings = completion_params_completions(api, config, tools=False)
        if "temperature" not in settings:
            settings.pop("top_p", None)  # which Inspect leaves in; the API refuses both alike
    elif isinstance(api, OpenAICompatibleAPI):
        messages = await api.messages_to_openai(turns)
        settings = api.completion_params(config, tools=False)
    else:  # a client of another make that has the same batches
        messages = await messages_to_openai(turns)
        settings = openai_completion_params(api.model_name, config, tools=False)
    further = settings.pop("extra_body", {})  # the client would lay these beside the others
    return {**settings, **further, "messages": messages}


def _answer(record: dict[str, Any]) -> Answer:
    """Reads one line of a batch's output."""
    response = record.get("response") or {}
    body = response.get("body") or {}
    if record.get("error") or response.get("status_code") != 200 or not body.get("choices"):
        reason = record.get("error") or body.get("error") or "the reply holds no answer"
        return failed(json.dumps(reason))
    choice, usage = body["choices"][0], body.get("usage") or {}
    text = (choice["message"].get("content") or "").strip()
    reasons = {"length": "max_tokens"} | {reason: reason for reason in STOPS}
    return Answer(
        text=text,
        stop=STOPS.get(reasons.get(choice.get("finish_reason") or "", ""), "stop" if text else "error"),
        tokens_in=usage.get("prompt_tokens", 0),
        tokens_out=usage.get("completion_tokens", 0),
        batched=True,
    )
