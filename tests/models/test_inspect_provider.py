"""The local engine as Inspect's provider, asked through Inspect's own `get_model()`."""

import asyncio
import importlib
import tomllib
from pathlib import Path

import pytest
from inspect_ai.model import ChatMessageSystem, ChatMessageUser, GenerateConfig, Model, ModelOutput, get_model
from inspect_ai.tool import ToolInfo

import doxa.models.inspect_registry  # noqa: F401 (an installed doxa is found by its entry point)
from doxa.errors import InputError, MissingError
from doxa.models.inspect_provider import split_name
from doxa.models.local.model import LocalModel
from doxa.models.local.weights import Base, find_adapter
from doxa.models.protocol import GenerateRequest, Message, Sampling


def ask(model: Model, *questions: str, **config: object) -> list[ModelOutput]:
    async def all_at_once() -> list[ModelOutput]:
        calls = [model.generate([ChatMessageUser(content=each)], config=GenerateConfig(**config)) for each in questions]
        return await asyncio.gather(*calls)

    return asyncio.run(all_at_once())


def test_the_entry_point_is_declared_and_resolves():
    declared = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    module = declared["project"]["entry-points"]["inspect_ai"]["doxa"]
    assert importlib.import_module(module).doxa is not None


def test_concurrent_calls_are_answered_as_the_engine_answers(tiny_base: Base):
    model = get_model(f"doxa/{tiny_base.folder}", memoize=False)
    questions = [f"Question {number}" for number in range(20)]
    found = ask(model, *questions, seed=3, max_tokens=7, logprobs=True)
    requests = [
        GenerateRequest(messages=(Message(role="user", content=each),), sampling=Sampling(seed=3, max_tokens=7))
        for each in questions
    ]
    wanted = dict(pair for batch in LocalModel(tiny_base).generate(requests) for pair in batch)
    for place, output in enumerate(found):
        answer = wanted[place]
        assert output.completion == answer.text
        assert output.stop_reason == {"stop": "stop", "length": "max_tokens"}[answer.stop]
        assert output.usage is not None
        assert (output.usage.input_tokens, output.usage.output_tokens) == (answer.tokens_in, answer.tokens_out)
        logprobs = output.choices[0].logprobs
        assert logprobs is not None
        assert sum(each.logprob for each in logprobs.content) == pytest.approx(answer.logprob, abs=1e-4)


def test_without_a_seed_no_answer_is_repeated(tiny_base: Base):
    model = get_model(f"doxa/{tiny_base.folder}", memoize=False)
    texts = [output.completion for output in ask(model, *["Say something."] * 4, max_tokens=16)]
    (several,) = ask(model, "Say something.", max_tokens=16, num_choices=3)
    assert len({*texts, *(choice.message.text for choice in several.choices)}) == 7


def test_an_answer_ends_at_a_stop_sequence(tiny_base: Base):
    model = get_model(f"doxa/{tiny_base.folder}", memoize=False)
    (whole,) = ask(model, "x", seed=1, max_tokens=16)
    stop = whole.completion[3:5]
    (cut,) = ask(model, "x", seed=1, max_tokens=16, stop_seqs=[stop])
    assert cut.completion == whole.completion.split(stop)[0]
    assert cut.stop_reason == "stop"


def test_names_carry_digests_and_two_adapters_never_share_an_answer(
    tiny_base: Base, tiny_adapters: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    models = [get_model(f"doxa/{tiny_base.folder}", memoize=False)]
    models += [get_model(f"doxa/{tiny_base.folder}:{folder}", memoize=False) for folder in tiny_adapters]
    digests = [tiny_base.digest, *(find_adapter(folder, tiny_base).digest for folder in tiny_adapters)]
    assert all(digest in str(model) for digest, model in zip(digests, models, strict=True))
    assert len(set(map(str, models))) == 3

    async def cached(model: Model) -> str:
        config = GenerateConfig(seed=1, max_tokens=16)
        return (await model.generate("Say something.", config=config, cache=True)).completion

    for _ in range(2):  # the second time from Inspect's cache
        assert len({asyncio.run(cached(model)) for model in models}) == 3


def test_tools_and_missing_weights_are_refused(tiny_base: Base, tmp_path: Path):
    model = get_model(f"doxa/{tiny_base.folder}", memoize=False)
    tool = ToolInfo(name="clock", description="Tells the time.")
    with pytest.raises(InputError, match="takes no tools"):
        asyncio.run(model.api.generate([ChatMessageSystem(content="x")], [tool], "auto", GenerateConfig()))
    with pytest.raises(MissingError, match="no adapter"):
        get_model(f"doxa/{tiny_base.folder}:{tmp_path}", memoize=False)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("embedded", ("embedded", None)),
        ("embedded:runs/honey/adapters/honey", ("embedded", Path("runs/honey/adapters/honey"))),
        ("hf:owner/name", ("hf:owner/name", None)),
        ("hf:owner/name:a", ("hf:owner/name", Path("a"))),
    ],
)
def test_names_are_split_at_the_adapter(name: str, parts: tuple[str, Path | None]):
    assert split_name(name) == parts
