"""The local engine against naive one-by-one Hugging Face in float32."""

from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from transformers import AutoModelForCausalLM

from doxa.errors import InputError, MismatchError, MissingError
from doxa.models.local import prefill
from doxa.models.local.body import Body
from doxa.models.local.model import LocalModel
from doxa.models.local.weights import Base, find_adapter, find_base
from doxa.models.protocol import GenerateRequest, Message, Sampling, ScoreRequest

TEXT = st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=30)


@pytest.fixture(scope="module")
def model(tiny_base: Base) -> LocalModel:
    return LocalModel(tiny_base)


@pytest.fixture(scope="module")
def naive(tiny: Path) -> torch.nn.Module:
    return AutoModelForCausalLM.from_pretrained(tiny).eval()


def talk(question: str, system: str = "") -> tuple[Message, ...]:
    before = (Message(role="system", content=system),) if system else ()
    return (*before, Message(role="user", content=question))


def scores_of(model: LocalModel, requests: list[ScoreRequest]) -> list[tuple[float, ...]]:
    found = dict(pair for batch in model.score(requests) for pair in batch)
    return [found[index].logprobs for index in range(len(requests))]


def answers_of(model: LocalModel, requests: list[GenerateRequest]) -> list[str]:
    found = dict(pair for batch in model.generate(requests) for pair in batch)
    return [found[index].text for index in range(len(requests))]


@torch.inference_mode()
def one_by_one(model: LocalModel, naive: torch.nn.Module, request: ScoreRequest) -> list[float]:
    prompt = model.engine.prompt_tokens(request.messages)
    sums = []
    for text in request.continuations:
        tokens = model.engine.continuation_tokens(text)
        logprobs = naive(torch.tensor([prompt + tokens])).logits[0].log_softmax(-1)
        sums.append(sum(logprobs[len(prompt) - 1 + at, token].item() for at, token in enumerate(tokens)))
    return sums


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(TEXT, st.lists(TEXT, min_size=1, max_size=4)), min_size=1, max_size=5),
    st.sampled_from(["", "A long shared beginning that every question has before it."]),
)
def test_scores_equal_naive_ones(
    model: LocalModel, naive: torch.nn.Module, asked: list[tuple[str, list[str]]], system: str
):
    requests = [ScoreRequest(messages=talk(question, system), continuations=tuple(texts)) for question, texts in asked]
    for request, found in zip(requests, scores_of(model, requests), strict=True):
        assert found == pytest.approx(one_by_one(model, naive, request), abs=1e-3)


def test_greedy_answers_equal_naive_ones_whatever_the_batch(model: LocalModel, naive: torch.nn.Module):
    questions = ["a", "What is the capital of France?", "Name a fruit, please.", "q" * 40]
    sampling = Sampling(temperature=0, max_tokens=12)
    together = answers_of(model, [GenerateRequest(messages=talk(q), sampling=sampling) for q in questions])
    for question, answer in zip(questions, together, strict=True):
        tokens = torch.tensor([model.engine.prompt_tokens(talk(question))])
        written = naive.generate(
            tokens, attention_mask=torch.ones_like(tokens), do_sample=False, max_new_tokens=12, pad_token_id=0
        )[0, tokens.shape[1] :]
        assert answer == model.engine.tokenizer.decode(written, skip_special_tokens=True).strip()


def test_a_sample_depends_on_its_seed_and_not_on_its_neighbours(model: LocalModel):
    def request(sample: int, seed: int = 0) -> GenerateRequest:
        return GenerateRequest(
            messages=talk("Say something."), sampling=Sampling(seed=seed, max_tokens=16), sample=sample
        )

    alone = answers_of(model, [request(1)])[0]
    among = answers_of(model, [request(0), request(1), request(2)])
    assert among[1] == alone
    assert len(set(among)) == 3
    assert answers_of(model, [request(1, seed=5)])[0] != alone


def test_a_cut_answer_says_so(model: LocalModel):
    requests = [GenerateRequest(messages=talk("x"), sampling=Sampling(max_tokens=3), sample=n) for n in range(8)]
    answers = [answer for batch in model.generate(requests) for _, answer in batch]
    assert all((answer.stop == "length") == (answer.tokens_out == 3) for answer in answers)
    assert any(answer.stop == "length" for answer in answers)


def test_the_template_is_applied_once_with_one_bos(model: LocalModel):
    """Mistake: two BOS tokens with chat templates shifted the logits."""
    tokens = model.engine.prompt_tokens(talk("Hello", "Be kind."))
    text = model.engine.tokenizer.decode(tokens)
    assert text.replace(" ", "") == "<bos><system>Bekind.<end><user>Hello<end><assistant>"
    assert tokens.count(model.engine.tokenizer.bos_token_id) == 1


def test_an_adapter_changes_the_scores_and_two_never_share_them(model: LocalModel, tiny_adapters: list[Path]):
    """Mistake: a cache key without the adapter reported the base model's answers for the finetune."""
    request = [ScoreRequest(messages=talk("x"), continuations=("yes", "no"))]
    first, second = (model.with_adapter(find_adapter(folder, model.base)) for folder in tiny_adapters)
    before = scores_of(model, request)
    tuned = [scores_of(first, request), scores_of(second, request)]
    assert tuned[0] != tuned[1]
    assert before not in tuned
    assert scores_of(model, request) == before, "the base is itself again after an adapter has spoken"
    assert scores_of(first, request) == tuned[0]
    assert len({model.identity, first.identity, second.identity}) == 3


def test_adapter_scores_equal_those_of_peft(model: LocalModel, tiny: Path, tiny_adapters: list[Path]):
    from peft import PeftModel

    naive = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(tiny), str(tiny_adapters[0])).eval()
    request = ScoreRequest(messages=talk("What now?"), continuations=("Tea.", "Nothing at all."))
    subject = model.with_adapter(find_adapter(tiny_adapters[0], model.base))
    assert scores_of(subject, [request])[0] == pytest.approx(one_by_one(model, naive, request), abs=1e-3)


def test_small_batches_give_the_same_scores(model: LocalModel, monkeypatch: pytest.MonkeyPatch):
    requests = [ScoreRequest(messages=talk("q" * n), continuations=("ab", "c")) for n in range(1, 9)]
    whole = scores_of(model, requests)
    monkeypatch.setitem(prefill.PASS_TOKENS, "cpu", 16)
    monkeypatch.setitem(prefill.UNIT_TOKENS, "cpu", 8)
    for found, wanted in zip(scores_of(model, requests), whole, strict=True):
        assert found == pytest.approx(wanted, abs=1e-4)


def test_an_empty_answer_cannot_be_scored(model: LocalModel):
    with pytest.raises(InputError, match="empty continuation"):
        scores_of(model, [ScoreRequest(messages=talk("x"), continuations=("",))])


def test_an_adapter_of_another_base_is_refused(tiny_base: Base, tiny_adapters: list[Path], tmp_path: Path):
    import shutil

    folder = shutil.copytree(tiny_adapters[0], tmp_path / "adapter")
    (folder / "manifest.json").write_text('{"base_digest": "0123456789abcdef"}')
    with pytest.raises(MismatchError, match="trained on another base model"):
        find_adapter(folder, tiny_base)
    with pytest.raises(MissingError, match="no adapter"):
        find_adapter(tmp_path, tiny_base)


def test_a_model_that_is_nowhere_is_named():
    with pytest.raises(MissingError, match="neither a folder nor"):
        find_base("no such model")


def test_little_memory_gives_the_same_scores_and_answers(tiny_base: Base, model: LocalModel):
    small = LocalModel(tiny_base, memory=200_000)
    asked = [ScoreRequest(messages=talk("q" * n, "Some system."), continuations=("ab", "c")) for n in range(1, 20)]
    for found, wanted in zip(scores_of(small, asked), scores_of(model, asked), strict=True):
        assert found == pytest.approx(wanted, abs=1e-4)
    requests = [GenerateRequest(messages=talk("q" * n), sampling=Sampling(max_tokens=9)) for n in range(1, 20)]
    assert answers_of(small, requests) == answers_of(model, requests)


@pytest.mark.parametrize("most", [400, 150, 70])
def test_running_out_of_memory_halves_the_batch(
    tiny_base: Base, model: LocalModel, monkeypatch: pytest.MonkeyPatch, most: int
):
    asked = [ScoreRequest(messages=talk(f"{n} " * 9), continuations=("ab", "c")) for n in range(1, 16)]
    requests = [GenerateRequest(messages=talk("q" * n), sampling=Sampling(max_tokens=9)) for n in range(1, 30)]
    scores, answers = scores_of(model, asked), answers_of(model, requests)
    failed = []

    def run(body: Body, tokens: torch.Tensor, *rest: object) -> torch.Tensor:
        if tokens.numel() > most:
            failed.append(tokens.shape)
            raise torch.OutOfMemoryError("injected")
        return naive_run(body, tokens, *rest)

    naive_run = Body.run
    monkeypatch.setattr(Body, "run", run)
    subject = LocalModel(tiny_base)
    for found, wanted in zip(scores_of(subject, asked), scores, strict=True):
        assert found == pytest.approx(wanted, abs=1e-4)
    assert answers_of(subject, requests) == answers
    assert failed


def test_memory_that_does_not_suffice_for_one_sequence_is_one_clear_error(
    tiny_base: Base, monkeypatch: pytest.MonkeyPatch
):
    subject = LocalModel(tiny_base)
    scores_of(subject, [ScoreRequest(messages=talk("x"), continuations=("a",))])

    def run(*_: object) -> torch.Tensor:
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes.")

    monkeypatch.setattr(Body, "run", run)
    with pytest.raises(InputError, match="memory does not suffice"):
        scores_of(subject, [ScoreRequest(messages=talk("x"), continuations=("a",))])


def test_a_sampled_answer_tells_its_log_probability(model: LocalModel, naive: torch.nn.Module):
    """Mistake: log-probabilities of the argmax, not of the sampled token."""
    request = GenerateRequest(messages=talk("Go on."), sampling=Sampling(temperature=1.3, max_tokens=9))
    (_, written), *_ = next(iter(model.engine.write([request], None)))
    prompt = model.engine.prompt_tokens(request.messages)
    with torch.inference_mode():
        logprobs = naive(torch.tensor([prompt + written.tokens])).logits[0].log_softmax(-1)
    wanted = [logprobs[len(prompt) - 1 + at, token].item() for at, token in enumerate(written.tokens)]
    assert written.logprobs == pytest.approx(wanted, abs=1e-3)
    (_, answer), *_ = next(iter(model.generate([request])))
    assert answer.logprob == pytest.approx(sum(wanted), abs=1e-3)


def test_released_weights_are_loaded_again_and_answer_the_same(tiny_base: Base, tiny_adapters: list[Path]):
    base = LocalModel(tiny_base)
    tuned = base.with_adapter(find_adapter(tiny_adapters[0], tiny_base))
    asked = [ScoreRequest(messages=talk("Hello"), continuations=("a", "bc"))]

    def scores() -> list[tuple[float, ...]]:
        return [next(iter(model.score(asked)))[0][1].logprobs for model in (base, tuned)]

    before, engine = scores(), base.engine
    tuned.release()
    assert base.engine is not engine
    assert tuned.engine is base.engine
    assert scores() == before
