"""What every backend must do, as checks that any backend's tests can call, and tiny models of several families."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pytest
import torch

from doxa.models.local.model import LocalModel
from doxa.models.protocol import GenerateRequest, Message, Sampling, ScoreRequest

CLOSE = 1e-3  # natural-log units

SMALL = {
    "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 4, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 4096, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0,
    "initializer_range": 0.3,
}  # fmt: skip
WINDOW = 24  # tokens: shorter than the prompts, so that a window that is not kept shows
KINDS = ["sliding_attention", "full_attention"] * 2
FAMILIES: dict[str, dict[str, Any]] = {
    "llama": {},
    "qwen2": {"use_sliding_window": True, "sliding_window": WINDOW, "max_window_layers": 2},
    "qwen3": {"head_dim": 16},
    "gemma": {"head_dim": 16},
    "gemma2": {
        "head_dim": 16, "query_pre_attn_scalar": 16, "sliding_window": WINDOW, "layer_types": KINDS,
        "attn_logit_softcapping": 2.0, "final_logit_softcapping": 3.0,
    },
    "gemma3_text": {"head_dim": 16, "query_pre_attn_scalar": 16, "sliding_window": WINDOW, "layer_types": KINDS},
}  # fmt: skip


class Said(NamedTuple):
    """What a backend said: its tokens, the log-probability of each, why it stopped, and how long the prompt was."""

    tokens: list[int]
    logprobs: list[float]
    stop: str
    tokens_in: int


class Backend(Protocol):
    """Whoever answers."""

    def say(self, requests: Sequence[GenerateRequest]) -> list[Said]: ...


class Local:
    """The local engine as a backend."""

    def __init__(self, model: LocalModel) -> None:
        self.model = model

    def say(self, requests: Sequence[GenerateRequest]) -> list[Said]:
        engine = self.model.engine
        found = dict(pair for batch in engine.write(requests, self.model.adapter) for pair in batch)
        told = dict(pair for batch in self.model.generate(requests) for pair in batch)
        return [
            Said(found[place].tokens, found[place].logprobs, told[place].stop, told[place].tokens_in)
            for place in range(len(requests))
        ]

    def score(self, requests: Sequence[ScoreRequest]) -> list[tuple[float, ...]]:
        found = dict(pair for batch in self.model.score(requests) for pair in batch)
        return [found[place].logprobs for place in range(len(requests))]


class Reference:
    """Naive Hugging Face in float32, one sequence at a time."""

    def __init__(self, folder: Path, adapter: Path | None = None) -> None:
        from peft import PeftModel
        from transformers import AutoModelForCausalLM, AutoTokenizer

        self.tokenizer: Any = AutoTokenizer.from_pretrained(folder)
        lm: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
        self.lm: Any = (PeftModel.from_pretrained(lm, str(adapter)) if adapter else lm).eval()

    def prompt(self, messages: Sequence[Message]) -> list[int]:
        turns = [message.model_dump() for message in messages]
        text = self.tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    @torch.inference_mode()
    def logprobs(self, prompt: list[int], answer: list[int]) -> list[float]:
        found = self.lm(torch.tensor([prompt + answer])).logits[0].float().log_softmax(-1)
        return [found[len(prompt) - 1 + place, token].item() for place, token in enumerate(answer)]

    def score(self, request: ScoreRequest) -> list[float]:
        prompt = self.prompt(request.messages)
        answers = [list(self.tokenizer(text, add_special_tokens=False)["input_ids"]) for text in request.continuations]
        return [sum(self.logprobs(prompt, answer)) for answer in answers]


def talk(question: str, system: str = "") -> tuple[Message, ...]:
    before = (Message(role="system", content=system),) if system else ()
    return (*before, Message(role="user", content=question))


def request(question: str, sample: int = 0, **sampling: Any) -> GenerateRequest:
    return GenerateRequest(messages=talk(question), sampling=Sampling(**sampling), sample=sample)


def check_scores(backend: Local, reference: Reference, asked: Sequence[ScoreRequest]) -> None:
    for each, found in zip(asked, backend.score(asked), strict=True):
        assert found == pytest.approx(reference.score(each), abs=CLOSE)


def check_template_is_applied_once(backend: Backend, reference: Reference) -> None:
    asked = request("Hello", max_tokens=1)
    (said,) = backend.say([asked])
    prompt = reference.prompt(asked.messages)
    assert said.tokens_in == len(prompt)
    if (bos := reference.tokenizer.bos_token_id) in prompt:
        assert prompt.index(bos) == 0


def check_sampled_logprobs(backend: Backend, reference: Reference, questions: Sequence[str], **sampling: Any) -> None:
    asked = [request(question, temperature=1.2, max_tokens=12, **sampling) for question in questions]
    for each, said in zip(asked, backend.say(asked), strict=True):
        wanted = reference.logprobs(reference.prompt(each.messages), said.tokens)
        assert said.logprobs == pytest.approx(wanted, abs=CLOSE)


def check_seeds(backend: Backend) -> None:
    asked = [request("Say something.", sample, seed=seed, max_tokens=24) for seed in (0, 1) for sample in (0, 1)]
    first = [said.tokens for said in backend.say(asked)]
    assert [said.tokens for said in backend.say(asked)] == first
    assert backend.say(asked[2:3])[0].tokens == first[2], "a sample does not depend on its neighbours"
    assert len({tuple(tokens) for tokens in first}) == len(asked)


def check_truncation_is_reported(backend: Backend) -> None:
    said = backend.say([request(f"Question {place}", max_tokens=3) for place in range(8)])
    assert any(each.stop == "length" for each in said)
    assert all((each.stop == "length") == (len(each.tokens) == 3) for each in said)


def check_adapters(base: LocalModel, adapters: Sequence[LocalModel], references: Sequence[Reference]) -> None:
    asked = [ScoreRequest(messages=talk("What now?"), continuations=("Tea.", "Nothing at all."))]
    before = Local(base).score(asked)
    tuned = [Local(adapter).score(asked)[0] for adapter in adapters]
    assert len({before[0], *tuned}) == 1 + len(adapters)
    for adapter, reference in zip(adapters, references, strict=True):
        check_scores(Local(adapter), reference, asked)
        check_sampled_logprobs(Local(adapter), reference, ["Go on."])
    assert Local(base).score(asked) == before, "the base is itself again after an adapter has spoken"
    assert len({base.identity, *(adapter.identity for adapter in adapters)}) == 1 + len(adapters)


def make_tiny(family: str, like: Path, folder: Path) -> Path:
    """Writes a float32 model of a family with random weights, and the tokenizer of another folder."""
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(like)
    torch.manual_seed(0)
    config = AutoConfig.for_model(family, vocab_size=len(tokenizer), **SMALL | FAMILIES[family])
    AutoModelForCausalLM.from_config(config, dtype=torch.float32).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def make_adapter(base: Path, folder: Path, seed: int) -> Path:
    """Writes a LoRA adapter with random weights."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(seed)
    config = LoraConfig(r=4, target_modules=["q_proj", "down_proj"], init_lora_weights=False, task_type="CAUSAL_LM")
    get_peft_model(AutoModelForCausalLM.from_pretrained(base), config).save_pretrained(str(folder))
    return folder
