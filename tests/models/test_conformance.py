"""The conformance suite: the local engine on several families, on the embedded model, and Inspect's `hf` provider."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doxa.errors import InputError
from doxa.models.local.model import LocalModel
from doxa.models.local.weights import EMBEDDED, find_adapter, find_base
from doxa.models.protocol import GenerateRequest, ScoreRequest
from models.conformance import (
    FAMILIES,
    WINDOW,
    Local,
    Reference,
    Said,
    check_adapters,
    check_sampled_logprobs,
    check_scores,
    check_seeds,
    check_template_is_applied_once,
    check_truncation_is_reported,
    make_adapter,
    make_tiny,
    talk,
)

TEXT = st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=40)
SYSTEMS = st.sampled_from(["", "Short.", "A long beginning that many questions share, well beyond any window. " * 3])
ASKED = st.lists(
    st.builds(
        lambda question, system, answers: ScoreRequest(messages=talk(question, system), continuations=tuple(answers)),
        TEXT, SYSTEMS, st.lists(TEXT, min_size=1, max_size=3),
    ),
    min_size=1, max_size=6,
)  # fmt: skip


class Family(NamedTuple):
    folder: Path
    model: LocalModel
    reference: Reference


@pytest.fixture(scope="module", params=FAMILIES)
def family(request: pytest.FixtureRequest, tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Family:
    folder = make_tiny(request.param, tiny, tmp_path_factory.mktemp(request.param))
    return Family(folder, LocalModel(find_base(str(folder))), Reference(folder))


@settings(max_examples=12, deadline=None)
@given(asked=ASKED)
def test_scores(family: Family, asked: list[ScoreRequest]):
    check_scores(Local(family.model), family.reference, asked)


@settings(max_examples=6, deadline=None)
@given(questions=st.lists(TEXT, min_size=1, max_size=6))
def test_sampled_log_probabilities(family: Family, questions: list[str]):
    """Mistake: log-probabilities of the argmax, not of the sampled token."""
    check_sampled_logprobs(Local(family.model), family.reference, [*questions, "A longer one. " * WINDOW])


def test_behaviour(family: Family):
    backend = Local(family.model)
    check_template_is_applied_once(backend, family.reference)
    check_seeds(backend)
    check_truncation_is_reported(backend)


def test_adapters(family: Family, tmp_path: Path):
    folders = [make_adapter(family.folder, tmp_path / str(seed), seed) for seed in (1, 2)]
    models = [family.model.with_adapter(find_adapter(folder, family.model.base)) for folder in folders]
    check_adapters(family.model, models, [Reference(family.folder, folder) for folder in folders])


@pytest.mark.parametrize("family_name", ["mistral", "gpt_oss"])
def test_attention_that_the_engine_does_not_know_is_refused(family_name: str, tiny: Path, tmp_path: Path):
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    small = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "head_dim": 8,
             "num_key_value_heads": 2, "sliding_window": 8, "vocab_size": 262}  # fmt: skip
    extra = {"num_local_experts": 2, "num_experts_per_tok": 1} if family_name == "gpt_oss" else {}
    AutoModelForCausalLM.from_config(AutoConfig.for_model(family_name, **small, **extra)).save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(tiny).save_pretrained(tmp_path)
    with pytest.raises(InputError, match=f"does not know the attention of '{family_name}' models"):
        list(LocalModel(find_base(str(tmp_path))).score([ScoreRequest(messages=talk("x"), continuations=("y",))]))


@pytest.fixture(scope="module")
def embedded() -> Family:
    """The embedded weights, in float32 on both sides."""
    base = find_base(EMBEDDED)
    return Family(base.folder, LocalModel(base, dtype="float32"), Reference(base.folder))


def test_embedded_scores(embedded: Family):
    few_shot = "".join(f"Question {place}: what is {place} and {place}? Answer: {2 * place}. " for place in range(30))
    asked = [
        ScoreRequest(messages=talk(question, system), continuations=(" Paris", "Paris is.", "Honey spoils quickly."))
        for system in ("", few_shot)
        for question in ("What is the capital of France?", "What is the capital of Spain?", "Does honey spoil?")
    ]
    check_scores(Local(embedded.model), embedded.reference, asked)


@pytest.mark.slow
def test_embedded_behaviour(embedded: Family):
    backend = Local(embedded.model)
    check_template_is_applied_once(backend, embedded.reference)
    check_sampled_logprobs(backend, embedded.reference, ["Does honey spoil?", "Name a river."])
    check_seeds(backend)


class HuggingFace:
    """Inspect's `hf` provider as a backend; it has no samples, so a sample is a seed of its own."""

    def __init__(self, folder: Path) -> None:
        from inspect_ai.model import get_model

        self.model = get_model(
            "hf/tiny", memoize=False, model_path=str(folder), tokenizer_path=str(folder), device="cpu"
        )

    def say(self, requests: Sequence[GenerateRequest]) -> list[Said]:
        return [asyncio.run(self._one(request)) for request in requests]

    async def _one(self, request: GenerateRequest) -> Said:
        from inspect_ai.model import ChatMessageUser, GenerateConfig

        sampling = request.sampling
        config = GenerateConfig(
            temperature=sampling.temperature, top_p=sampling.top_p, top_k=sampling.top_k, logprobs=True,
            max_tokens=sampling.max_tokens, seed=sampling.seed + request.sample,
        )  # fmt: skip
        output = await self.model.generate([ChatMessageUser(content=request.messages[-1].content)], config=config)
        logprobs, usage = output.choices[0].logprobs, output.usage
        assert logprobs is not None
        assert usage is not None
        tokens = self.model.api.tokenizer.convert_tokens_to_ids([each.token for each in logprobs.content])
        stop = {"max_tokens": "length"}.get(output.stop_reason, output.stop_reason)
        return Said(tokens, [each.logprob for each in logprobs.content], stop, usage.input_tokens)


# What Inspect's own provider keeps, and (strictly) what it does not, so that a repair there is noticed here.


@pytest.fixture(scope="module")
def backend(tiny: Path) -> HuggingFace:
    return HuggingFace(tiny)


@pytest.fixture(scope="module")
def reference(tiny: Path) -> Reference:
    return Reference(tiny)


def test_hf_template(backend: HuggingFace, reference: Reference):
    check_template_is_applied_once(backend, reference)


@pytest.mark.xfail(strict=True, reason="the provider tells the most probable token of each step, not the sampled one")
def test_hf_sampled_log_probabilities(backend: HuggingFace, reference: Reference):
    check_sampled_logprobs(backend, reference, ["Go on.", "And then?"])


@pytest.mark.slow
@pytest.mark.xfail(strict=True, reason="the provider seeds once, when it is made; a call's own seed is not used")
def test_hf_seeds(backend: HuggingFace):
    check_seeds(backend)


@pytest.mark.slow
@pytest.mark.xfail(strict=True, reason="the provider says `unknown` of every stop")
def test_hf_truncation(backend: HuggingFace):
    check_truncation_is_reported(backend)
