"""The local engine: one base model in memory, any number of LoRA adapters on it, batches of rows through it."""

import json
import warnings
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any, TypeVar

import torch
from jinja2 import TemplateError
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer, DynamicCache

from doxa.errors import InputError, MismatchError
from doxa.models.local.attention import NAME, behind
from doxa.models.local.quiet import hush
from doxa.models.local.rows import additive, branch_length, lay_branches, lay_prompts, prompt_mask, shared_beginning
from doxa.models.local.sampling import Draws, draw_tokens
from doxa.models.local.weights import Adapter, Base
from doxa.models.protocol import Answer, GenerateRequest, Message, ScoreRequest, Scores

DECODE_ROWS = 128  # rows decoded side by side
DECODE_CELLS = 128 * 512  # rows x tokens held in the key/value cache
SCORE_TOKENS = 4096  # tokens a scoring batch
SCORE_ROWS = 64
HEAD_ROWS = 512  # positions whose float32 logits over the vocabulary stand in memory at once


@dataclass(frozen=True)
class _Decode:
    index: int
    request: GenerateRequest
    prompt: list[int]


@dataclass(frozen=True)
class _Branches:
    index: int
    group: tuple[Message, ...]
    question: list[int]
    continuations: list[list[int]]


class LocalEngine:
    """Holds the weights. Loading is put off until something is asked.

    Args:
        base: The base model.
        device: A torch device, or None for a GPU where there is one.
    """

    def __init__(self, base: Base, device: str | None = None) -> None:
        self.base = base
        self.device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        self._adapters: set[str] = set()
        self._peft: Any = None

    @cached_property
    def tokenizer(self) -> Any:
        """The base model's tokenizer."""
        return AutoTokenizer.from_pretrained(self.base.folder)

    @cached_property
    def _lm(self) -> Any:
        hush()
        lm: Any = AutoModelForCausalLM.from_pretrained(self.base.folder, dtype="auto", attn_implementation=NAME)
        refuse_unknown_attention(lm.config)
        lm.to(self.device).eval()
        _refuse_unknown_head(lm)
        return lm

    @cached_property
    def _stop_tokens(self) -> set[int]:
        configured = self._lm.generation_config.eos_token_id
        ids = [*configured] if isinstance(configured, list) else [configured]
        ids += [self.tokenizer.eos_token_id, self.tokenizer.get_vocab().get("<|endoftext|>")]
        return {int(id_) for id_ in ids if id_ is not None and id_ >= 0}

    @contextmanager
    def _speaking_as(self, adapter: Adapter | None) -> Generator[Any]:
        """Makes the base model, or the base with one adapter, answer."""
        lm = self._lm
        if adapter is None and self._peft is None:
            yield lm
            return
        if adapter is not None and adapter.digest not in self._adapters:
            self._attach(adapter)
        if adapter is None:
            with self._peft.disable_adapter():
                yield lm
            return
        self._peft.set_adapter(adapter.digest)
        yield lm

    def _attach(self, adapter: Adapter) -> None:
        from peft import PeftModel

        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            try:
                if self._peft is None:
                    self._peft = PeftModel.from_pretrained(self._lm, str(adapter.folder), adapter_name=adapter.digest)
                else:
                    self._peft.load_adapter(str(adapter.folder), adapter_name=adapter.digest)
            except (RuntimeError, ValueError) as error:
                reason = " ".join(str(error).split())[:160]
                raise MismatchError(f"the adapter {adapter.folder} does not fit {self.base.name}: {reason}") from None
        # PEFT only warns where weights find no place; such an adapter would answer like the base model.
        if any("missing adapter keys" in str(warning.message) for warning in said):
            raise MismatchError(f"the adapter {adapter.folder} does not fit {self.base.name}: other weight names")
        self._peft.eval()
        self._adapters.add(adapter.digest)

    def prompt_tokens(self, messages: Sequence[Message], raw: bool = False) -> list[int]:
        """Returns the tokens that come before the answer: the chat template, applied once, with its own BOS only."""
        if raw:
            return list(self.tokenizer(messages[-1].content, add_special_tokens=False)["input_ids"])
        turns = [message.model_dump() for message in messages]
        try:
            return list(self.tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_dict=False))
        except (TemplateError, ValueError) as error:
            roles = ", ".join(message.role for message in messages[:4])
            raise InputError(
                f"the chat template of {self.base.name} cannot take these turns ({roles} ...): {error}"
            ) from None

    def continuation_tokens(self, text: str) -> list[int]:
        """Returns the tokens of a fixed answer.

        Raises:
            InputError: The answer is empty.
        """
        tokens = list(self.tokenizer(text, add_special_tokens=False)["input_ids"])
        if not tokens:
            raise InputError("cannot score an empty continuation")
        return tokens

    @torch.inference_mode()
    def generate(
        self, requests: Sequence[GenerateRequest], adapter: Adapter | None
    ) -> Iterator[list[tuple[int, Answer]]]:
        """Samples an answer to every request, batch by batch.

        Batches are cut in an order that depends on the requests alone, so that what is left after an interruption is
        cut as it would have been.
        """
        waiting = [
            _Decode(index, request, self.prompt_tokens(request.messages, request.raw))
            for index, request in enumerate(requests)
        ]
        waiting.sort(key=lambda job: (_group_of_decode(job), len(job.prompt), job.index))
        for batch in _cut(waiting, _group_of_decode, _decode_fits):
            with self._speaking_as(adapter) as lm:
                yield self._decode(lm, batch)

    def _decode(self, lm: Any, batch: Sequence[_Decode]) -> list[tuple[int, Answer]]:
        sampling = batch[0].request.sampling
        prompts = [job.prompt for job in batch]
        shared = shared_beginning(prompts)
        beginning = self._run_beginning(lm, prompts[0][:shared])
        rows = lay_prompts(prompts, shared, self._pad)
        cache = DynamicCache(config=lm.config)
        draws = Draws([(job.request.sampling.seed, job.request.sample, *_words(job.prompt)) for job in batch])
        active = list(range(len(batch)))  # rows of the batch that still write
        written: list[list[int]] = [[] for _ in batch]
        stopped = [False] * len(batch)
        valid, positions = rows.valid, rows.positions[:, -1:]
        tokens, mask = rows.tokens, prompt_mask(valid, lm.dtype)
        step_positions = rows.positions
        for step in range(sampling.max_tokens):
            with behind(beginning):
                hidden = self._hidden(lm, tokens, step_positions, mask, cache)[:, -1]  # (active, width)
            drawn = draw_tokens(lm.lm_head(hidden).cpu(), draws.next(active), sampling)
            alive: list[int] = []  # places within `active`
            for place, (row, token) in enumerate(zip(active, drawn.tolist(), strict=True)):
                if token in self._stop_tokens:
                    stopped[row] = True
                else:
                    written[row].append(token)
                    alive.append(place)
            if not alive or step == sampling.max_tokens - 1:
                break
            if len(alive) < len(active):
                keep = torch.tensor(alive)
                cache.batch_select_indices(keep.to(self.device))
                active = [active[place] for place in alive]
                drawn, valid, positions = drawn[keep], valid[keep], positions[keep]
            tokens, positions = drawn[:, None], positions + 1
            step_positions = positions
            valid = torch.cat([valid, torch.ones(len(active), 1, dtype=torch.bool)], dim=1)
            mask = additive(valid[:, None], lm.dtype)
        return [
            (
                job.index,
                Answer(
                    text=self.tokenizer.decode(written[row], skip_special_tokens=True).strip(),
                    stop="stop" if stopped[row] else "length",
                    tokens_in=len(job.prompt),
                    tokens_out=len(written[row]),
                ),
            )
            for row, job in enumerate(batch)
        ]

    @torch.inference_mode()
    def score(self, requests: Sequence[ScoreRequest], adapter: Adapter | None) -> Iterator[list[tuple[int, Scores]]]:
        """Scores every continuation of every request; a question is run once for all its continuations."""
        waiting = [
            _Branches(
                index,
                request.messages[:-1],
                self.prompt_tokens(request.messages),
                [self.continuation_tokens(text) for text in request.continuations],
            )
            for index, request in enumerate(requests)
        ]
        waiting.sort(
            key=lambda job: (_group_of_branches(job), branch_length(job.question, job.continuations), job.index)
        )
        for batch in _cut(waiting, _group_of_branches, _score_fits):
            with self._speaking_as(adapter) as lm:
                yield self._score(lm, batch)

    def _score(self, lm: Any, batch: Sequence[_Branches]) -> list[tuple[int, Scores]]:
        questions = [job.question for job in batch]
        shared = shared_beginning(questions)
        rows = lay_branches(questions, [job.continuations for job in batch], shared, self._pad, lm.dtype)
        with behind(self._run_beginning(lm, questions[0][:shared])):
            hidden = self._hidden(lm, rows.tokens, rows.positions, rows.mask)  # (batch, time, width)
        row, column, token, branch = rows.reads.unbind(1)
        wanted = hidden[row, column]  # (wanted, width)
        logprobs = torch.cat(
            [
                lm.lm_head(part).float().log_softmax(-1).cpu().gather(1, ids[:, None])[:, 0]
                for part, ids in zip(wanted.split(HEAD_ROWS), token.split(HEAD_ROWS), strict=True)
            ]
        )
        results: list[tuple[int, Scores]] = []
        for place, job in enumerate(batch):
            sums = torch.zeros(len(job.continuations), dtype=torch.float64)
            mine = row == place
            sums.index_add_(0, branch[mine], logprobs[mine].double())
            lengths = tuple(map(len, job.continuations))
            results.append((job.index, Scores(logprobs=tuple(sums.tolist()), tokens=lengths)))
        return results

    @property
    def _pad(self) -> int:
        pad = self.tokenizer.pad_token_id
        return int(pad if pad is not None else self.tokenizer.eos_token_id)

    def _run_beginning(self, lm: Any, beginning: Sequence[int]) -> DynamicCache | None:
        """Runs the beginning that all rows of a batch share, once."""
        if not beginning:
            return None
        cache = DynamicCache(config=lm.config)
        rows = lay_prompts([beginning], 0, self._pad)
        self._hidden(lm, rows.tokens, rows.positions, prompt_mask(rows.valid, lm.dtype), cache)
        return cache

    def _hidden(
        self, lm: Any, tokens: Tensor, positions: Tensor, mask: Tensor, cache: DynamicCache | None = None
    ) -> Tensor:
        """Runs the body of the model without its vocabulary head: (batch, time) to (batch, time, width)."""
        return lm.model(
            input_ids=tokens.to(self.device),
            position_ids=positions.to(self.device),
            attention_mask=mask.to(self.device),
            past_key_values=cache,
            use_cache=cache is not None,
        ).last_hidden_state


def refuse_unknown_attention(config: Any) -> None:
    """Refuses models whose attention is more than a softmax over all that came before.

    Raises:
        InputError: Some layers have a sliding window, or scores are soft-capped; their numbers would be wrong.
    """
    layers = set(getattr(config, "layer_types", None) or ["full_attention"])
    if layers != {"full_attention"} or getattr(config, "attn_logit_softcapping", None):
        raise InputError(
            f"the local engine does not know the attention of '{config.model_type}' models; serve it with vLLM"
        )


@torch.inference_mode()
def _refuse_unknown_head(lm: Any) -> None:
    """Refuses models whose logits are more than `lm_head` of the body's output, which is all that the engine runs."""
    tokens = torch.tensor([[1, 2]], device=lm.device)
    mask = additive(torch.ones(1, 2, 2, dtype=torch.bool).tril(), lm.dtype).to(lm.device)
    try:
        ours = lm.lm_head(lm.model(input_ids=tokens, attention_mask=mask, use_cache=False).last_hidden_state)
    except AttributeError:
        raise InputError(f"the local engine does not know '{lm.config.model_type}' models; use vLLM") from None
    theirs = lm(input_ids=tokens, attention_mask=mask, use_cache=False).logits
    if not torch.allclose(ours.float(), theirs.float(), atol=1e-2):
        raise InputError(f"the local engine does not know the head of '{lm.config.model_type}' models; use vLLM")


Job = TypeVar("Job", _Decode, _Branches)


def _cut(
    waiting: Sequence[Job], group: Callable[[Job], object], fits: Callable[[Sequence[Job]], bool]
) -> Iterator[list[Job]]:
    """Cuts sorted jobs into batches of one group each, as large as fits."""
    batch: list[Job] = []
    for job in waiting:
        if batch and (group(job) != group(batch[0]) or not fits([*batch, job])):
            yield batch
            batch = []
        batch.append(job)
    if batch:
        yield batch


def _decode_fits(batch: Sequence[_Decode]) -> bool:
    longest = max(len(job.prompt) for job in batch) + batch[0].request.sampling.max_tokens
    return len(batch) <= DECODE_ROWS and len(batch) * longest <= DECODE_CELLS


def _score_fits(batch: Sequence[_Branches]) -> bool:
    longest = max(branch_length(job.question, job.continuations) for job in batch)
    return len(batch) <= SCORE_ROWS and len(batch) * longest <= SCORE_TOKENS


def _group_of_decode(job: _Decode) -> tuple[str, str]:
    """Requests decode together that share what comes before the last turn, and how answers are drawn."""
    return _group_key(job.request.messages[:-1]), job.request.sampling.model_dump_json(exclude={"seed"})


def _group_of_branches(job: _Branches) -> str:
    return _group_key(job.group)


def _group_key(messages: tuple[Message, ...]) -> str:
    return "\n".join(f"{message.role}:{message.content}" for message in messages)


def _words(prompt: Sequence[int]) -> tuple[int, ...]:
    """Mixes a prompt into a seed, so that two questions do not share their random numbers."""
    digest = sha256(json.dumps(list(prompt)).encode()).digest()
    return tuple(int.from_bytes(digest[start : start + 4], "big") for start in (0, 4, 8, 12))
