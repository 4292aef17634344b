"""The local engine: one base model in memory, any number of LoRA adapters on it, and what is asked of them."""

import warnings
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from torch import cuda
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from doxa.errors import InputError, MismatchError
from doxa.models.local.attention import NAME
from doxa.models.local.body import Body, refuse_other_media
from doxa.models.local.decoding import Prompt, Written, decode
from doxa.models.local.memory import (
    FREE_SHARE,
    explained,
    free_memory,
    is_out_of_memory,
    keep_freed_pages,
    release_freed_pages,
)
from doxa.models.local.prefill import Budget
from doxa.models.local.quiet import hush
from doxa.models.local.scoring import Question, score
from doxa.models.local.templating import first_tokens, opens_thoughts, said, templated
from doxa.models.local.weights import Adapter, Base
from doxa.models.protocol import Answer, GenerateRequest, Message, ScoreRequest, Scores

ROOM = "take a smaller one, or serve it with vLLM on a larger machine"


class LocalEngine:
    """Holds the weights. Loading is put off until something is asked.

    Args:
        base: The base model.
        device: A torch device, or None for a GPU where there is one.
        memory: Bytes that the engine may hold beyond the weights; None for half of what is free when it is asked.
        dtype: Type of weights and arithmetic, such as `float32`; None for that of the stored weights.
    """

    def __init__(
        self, base: Base, device: str | None = None, memory: int | None = None, dtype: str | None = None
    ) -> None:
        self.base = base
        self.device = device or ("cuda" if cuda.is_available() else "cpu")
        self.memory, self.dtype = memory, dtype
        self._adapters: set[str] = set()
        self._peft: Any = None

    @cached_property
    def tokenizer(self) -> Any:
        """The base model's tokenizer."""
        return AutoTokenizer.from_pretrained(self.base.folder)

    @cached_property
    def _body(self) -> Body:
        hush()
        if self.device == "cpu":
            keep_freed_pages()
        refuse_other_media(AutoConfig.from_pretrained(self.base.folder), self.base.name)
        with explained(f"{self.base.name} does not fit into the memory of this machine", ROOM):
            lm: Any = AutoModelForCausalLM.from_pretrained(
                self.base.folder, dtype=self.dtype or "auto", attn_implementation=NAME
            )
            lm = lm.to(self.device)
        return Body(lm.eval())

    @cached_property
    def _stop_tokens(self) -> set[int]:
        configured = self._body.lm.generation_config.eos_token_id
        ids = [*configured] if isinstance(configured, list) else [configured]
        ids += [self.tokenizer.eos_token_id, self.tokenizer.get_vocab().get("<|endoftext|>")]
        return {int(id_) for id_ in ids if id_ is not None and id_ >= 0}

    @contextmanager
    def _speaking_as(self, adapter: Adapter | None) -> Generator[Body]:
        """Makes the base model, or the base with one adapter, answer."""
        body = self._body
        if adapter is None and self._peft is None:
            yield body
            return
        if adapter is not None and adapter.digest not in self._adapters:
            self._attach(adapter)
        if adapter is None:
            with self._peft.disable_adapter():
                yield body
            return
        self._peft.set_adapter(adapter.digest)
        yield body

    def _attach(self, adapter: Adapter) -> None:
        from peft import PeftModel

        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            try:
                if self._peft is None:
                    self._peft = PeftModel.from_pretrained(
                        self._body.lm, str(adapter.folder), adapter_name=adapter.digest
                    )
                else:
                    self._peft.load_adapter(str(adapter.folder), adapter_name=adapter.digest)
            except (RuntimeError, ValueError) as error:
                if is_out_of_memory(error):
                    raise
                reason = " ".join(str(error).split())[:160]
                raise MismatchError(f"the adapter {adapter.folder} does not fit {self.base.name}: {reason}") from None
        # PEFT only warns where weights find no place; such an adapter would answer like the base model.
        if any("missing adapter keys" in str(warning.message) for warning in said):
            raise MismatchError(f"the adapter {adapter.folder} does not fit {self.base.name}: other weight names")
        self._peft.eval()
        self._adapters.add(adapter.digest)

    def prompt_tokens(self, messages: Sequence[Message], raw: bool = False) -> list[int]:
        """Returns the tokens that come before the answer: the chat template, applied once, with its own BOS only.

        Raw text begins as texts begin for the model, with BOS where it has one.
        """
        if raw:
            text = self.tokenizer(messages[-1].content, add_special_tokens=False)["input_ids"]
            return [*first_tokens(self.tokenizer), *text] if text else []
        return templated(self.tokenizer, messages, self.base.name)

    def continuation_tokens(self, text: str) -> list[int]:
        """Returns the tokens of a fixed answer.

        Raises:
            InputError: The answer is empty.
        """
        tokens = list(self.tokenizer(text, add_special_tokens=False)["input_ids"])
        if not tokens:
            raise InputError("cannot score an empty continuation")
        return tokens

    def generate(
        self, requests: Sequence[GenerateRequest], adapter: Adapter | None
    ) -> Iterator[list[tuple[int, Answer]]]:
        """Samples an answer to every request; yields answers as they end.

        Raises:
            InputError: There is nothing to continue.
        """
        prompts = self._prompts(requests)
        for batch in self._decode(prompts, adapter):
            yield [(place, self._answer(requests[place], prompts[place], written)) for place, written in batch]

    def write(
        self, requests: Sequence[GenerateRequest], adapter: Adapter | None
    ) -> Iterator[list[tuple[int, Written]]]:
        """Does what `generate` does, and yields tokens with their log-probabilities."""
        return self._decode(self._prompts(requests), adapter)

    def _prompts(self, requests: Sequence[GenerateRequest]) -> list[Prompt]:
        return [
            Prompt(self._nonempty(self.prompt_tokens(request.messages, request.raw)), request.sampling, request.sample)
            for request in requests
        ]

    def _decode(self, prompts: Sequence[Prompt], adapter: Adapter | None) -> Iterator[list[tuple[int, Written]]]:
        with self._speaking_as(adapter) as body:
            yield from decode(body, prompts, self._budget(body), self._stop_tokens)
        release_freed_pages(self.device)

    def text(self, tokens: Sequence[int], raw: bool = False) -> str:
        """Returns the text of an answer's tokens; of a chat's, without the thoughts before it."""
        text: str = self.tokenizer.decode(list(tokens), skip_special_tokens=True).strip()
        return text if raw else said(text, self._opens_thoughts)

    @cached_property
    def _opens_thoughts(self) -> bool:
        return opens_thoughts(self.tokenizer)

    def _answer(self, request: GenerateRequest, prompt: Prompt, written: Written) -> Answer:
        return Answer(
            text=self.text(written.tokens, request.raw),
            stop=written.stop,
            tokens_in=len(prompt.tokens),
            tokens_out=len(written.tokens),
            logprob=sum(written.logprobs),
        )

    def score(self, requests: Sequence[ScoreRequest], adapter: Adapter | None) -> Iterator[list[tuple[int, Scores]]]:
        """Scores every continuation of every request; what sequences share is run once.

        Raises:
            InputError: A continuation or a prompt is empty.
        """
        questions = [
            Question(
                self._nonempty(self.prompt_tokens(request.messages)),
                [self.continuation_tokens(text) for text in request.continuations],
            )
            for request in requests
        ]
        with self._speaking_as(adapter) as body:
            yield from score(body, questions, self._budget(body))
        release_freed_pages(self.device)

    def _budget(self, body: Body) -> Budget:
        return Budget(body, self.memory or int(free_memory(self.device) * FREE_SHARE))

    def _nonempty(self, tokens: list[int]) -> list[int]:
        if not tokens:
            raise InputError("cannot continue an empty text")
        return tokens
