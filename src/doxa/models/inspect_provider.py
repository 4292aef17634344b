"""The local engine as an Inspect provider: `doxa/<base>[:<adapter folder>]`, concurrent calls batched together."""

import queue
import secrets
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import NamedTuple

import anyio
from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    ChatMessageAssistant,
    GenerateConfig,
    Logprob,
    Logprobs,
    ModelAPI,
    ModelOutput,
    ModelUsage,
    StopReason,
)
from inspect_ai.tool import ToolChoice, ToolInfo

from doxa.errors import InputError
from doxa.models.local.decoding import Written
from doxa.models.local.model import LocalModel
from doxa.models.local.weights import HUB_PREFIX, Adapter, find_adapter, find_base
from doxa.models.protocol import GenerateRequest, Message, Sampling, Stop
from doxa.models.sizes import read_size

GATHER = 0.05  # seconds to wait for further calls before a batch begins; Inspect sends its calls in bursts
CONNECTIONS = 512  # calls at once: more than decode side by side, so that rows are refilled
MAX_TOKENS = 512  # of an answer, where the task sets none

STOPS: dict[Stop, StopReason] = {"stop": "stop", "length": "max_tokens"}


class DoxaAPI(ModelAPI):
    """One base model, or a base with one adapter. Providers on the same base share its weights.

    The model's name, in logs and in Inspect's cache keys, carries the digests of base and adapter.

    Args:
        model_name: `<base>` or `<base>:<adapter folder>`.
        base_url: Not used.
        api_key: Not used.
        config: Inspect's defaults for this model.
        memory: What the engine may hold beyond the weights, such as `4GiB`.
        dtype: Type of weights and arithmetic, such as `float32`.

    Raises:
        MissingError: Base or adapter are not there.
        MismatchError: The adapter belongs to another base.
    """

    def __init__(
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig | None = None,
        memory: str | None = None,
        dtype: str | None = None,
    ) -> None:
        base_name, folder = split_name(model_name)
        base = find_base(base_name)
        self._adapter = find_adapter(folder, base) if folder else None
        self._desk = _desk_for(LocalModel(base, memory=read_size(memory) if memory else None, dtype=dtype))
        self._limiter: anyio.CapacityLimiter | None = None
        super().__init__(_recorded_name(base_name, base.digest, folder, self._adapter, dtype), base_url, api_key, [],
                         config or GenerateConfig())  # fmt: skip

    async def generate(
        self, input: list[ChatMessage], tools: list[ToolInfo], tool_choice: ToolChoice, config: GenerateConfig
    ) -> ModelOutput:
        """Answers one conversation; calls that come at the same time are answered together.

        Raises:
            InputError: Tools are offered or have answered: the engine knows none.
        """
        if tools or any(message.role == "tool" for message in input):
            raise InputError(f"{self.model_name} takes no tools")
        # Without a seed every call draws anew; otherwise all epochs would be one text, repeated.
        seed = config.seed if config.seed is not None else secrets.randbits(32)
        plain = Sampling()
        sampling = Sampling(
            temperature=plain.temperature if config.temperature is None else config.temperature,
            top_p=plain.top_p if config.top_p is None else config.top_p,
            top_k=plain.top_k if config.top_k is None else config.top_k,
            max_tokens=config.max_tokens or MAX_TOKENS,
            seed=seed,
        )
        turns = tuple(Message(role=message.role, content=message.text) for message in input if message.role != "tool")
        futures = [
            self._desk.ask(GenerateRequest(messages=turns, sampling=sampling, sample=sample), self._adapter)
            for sample in range(config.num_choices or 1)
        ]
        self._limiter = self._limiter or anyio.CapacityLimiter(CONNECTIONS)
        written = [
            await anyio.to_thread.run_sync(future.result, abandon_on_cancel=True, limiter=self._limiter)
            for future in futures
        ]
        tokens_in = len(self._desk.model.engine.prompt_tokens(turns))
        tokens_out = sum(len(each.tokens) for each in written)
        return ModelOutput(
            model=self.model_name,
            choices=[self._choice(each, config) for each in written],
            usage=ModelUsage(input_tokens=tokens_in, output_tokens=tokens_out, total_tokens=tokens_in + tokens_out),
        )

    def max_tokens(self) -> int:
        """The default length at which an answer is cut."""
        return MAX_TOKENS

    def max_connections(self) -> int:
        """How many calls may wait at once."""
        return CONNECTIONS

    def connection_key(self) -> str:
        """Calls to one model share their limit."""
        return self.model_name

    def _choice(self, written: Written, config: GenerateConfig) -> ChatCompletionChoice:
        engine = self._desk.model.engine
        text, stop = engine.text(written.tokens), STOPS[written.stop]
        found = [place for sequence in config.stop_seqs or () if (place := text.find(sequence)) >= 0]
        if found:
            text, stop = text[: min(found)], "stop"
        logprobs = None
        if config.logprobs:
            logprobs = Logprobs(
                content=[
                    Logprob(token=engine.tokenizer.decode([token]), logprob=logprob)
                    for token, logprob in zip(written.tokens, written.logprobs, strict=True)
                ]
            )
        message = ChatMessageAssistant(content=text, model=self.model_name, source="generate")
        return ChatCompletionChoice(message=message, stop_reason=stop, logprobs=logprobs)


def split_name(name: str) -> tuple[str, Path | None]:
    """Splits `<base>[:<adapter folder>]`; a base may be `hf:owner/name`."""
    prefix = HUB_PREFIX if name.startswith(HUB_PREFIX) else ""
    base, colon, folder = name.removeprefix(prefix).rpartition(":")
    if not colon:
        return name, None
    return prefix + base, Path(folder).expanduser()


def _recorded_name(base: str, digest: str, folder: Path | None, adapter: Adapter | None, dtype: str | None) -> str:
    """Names the weights by what people call them and by digest, as a single part of a path."""
    name = f"{Path(base.removeprefix(HUB_PREFIX)).name}@{digest}"
    if folder is not None and adapter is not None:
        name += f":{folder.name}@{adapter.digest}"
    return f"{name}:{dtype}" if dtype else name


class _Call(NamedTuple):
    request: GenerateRequest
    adapter: Adapter | None
    answer: "Future[Written]"


class _Desk:
    """Takes calls from any thread and answers them in batches from one of its own."""

    def __init__(self, model: LocalModel) -> None:
        self.model = model
        self._calls: queue.SimpleQueue[_Call] = queue.SimpleQueue()
        threading.Thread(target=self._serve, daemon=True, name="doxa engine").start()

    def ask(self, request: GenerateRequest, adapter: Adapter | None) -> "Future[Written]":
        answer: Future[Written] = Future()
        self._calls.put(_Call(request, adapter, answer))
        return answer

    def _serve(self) -> None:
        while True:
            calls = [self._calls.get()]
            try:
                while True:
                    calls.append(self._calls.get(timeout=GATHER))
            except queue.Empty:
                pass
            by_adapter: dict[str, list[_Call]] = {}
            for call in calls:
                by_adapter.setdefault(call.adapter.digest if call.adapter else "", []).append(call)
            for alike in by_adapter.values():
                self._answer(alike)

    def _answer(self, calls: list[_Call]) -> None:
        try:
            for batch in self.model.engine.write([call.request for call in calls], calls[0].adapter):
                for place, written in batch:
                    calls[place].answer.set_result(written)
        except Exception as error:  # whatever it is, those who wait must hear of it
            for call in calls:
                if not call.answer.done():
                    call.answer.set_exception(error)


_desks: dict[str, _Desk] = {}
_lock = threading.Lock()


def _desk_for(model: LocalModel) -> _Desk:
    with _lock:
        if model.identity not in _desks:
            _desks[model.identity] = _Desk(model)
        return _desks[model.identity]
