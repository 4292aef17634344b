"""Batch APIs through the real clients: half the price, and no crash loses or repeats a batch."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from batch_providers import CLAUDE, AnthropicProvider, OpenAIProvider, Provider
from chat_server import KEY, Server
from doxa.errors import CallError, InputError
from doxa.models.batches.model import BatchedModel
from doxa.models.costs import BATCH_DISCOUNT, Price, Wallet, spent
from doxa.models.hosted import provider_seed
from doxa.models.ledger import Ledger, Recorded
from doxa.models.opening import Calling, open_recorded
from doxa.models.protocol import GenerateRequest, Message, Sampling

PRICE = Price(input=1, output=2)
NOT_TRIED_AGAIN = 401  # the client would try again after a 500, which takes time


@pytest.fixture(params=[OpenAIProvider, AnthropicProvider])
def provider(request: pytest.FixtureRequest, server: Server, monkeypatch: pytest.MonkeyPatch) -> Provider:
    return attached(request.param, server, monkeypatch)


@pytest.fixture
def anthropic(server: Server, monkeypatch: pytest.MonkeyPatch) -> Provider:
    return attached(AnthropicProvider, server, monkeypatch)


def attached(kind: type[Provider], server: Server, monkeypatch: pytest.MonkeyPatch) -> Provider:
    monkeypatch.delenv("ANTHROPIC_AUTH_TOKEN", raising=False)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_BASE_URL", f"http://127.0.0.1:{server.server_port}")
    server.other = provider = kind(port=server.server_port)
    return provider


def ask(number: int) -> GenerateRequest:
    return GenerateRequest(messages=(Message(role="user", content=f"{number}"),), sampling=Sampling(max_tokens=9))


def batched(provider: Provider, ledger: Ledger, budget: float | None = None) -> Recorded:
    wallet = Wallet(ledger, {f"hosted:{provider.model}": PRICE}, budget)
    return Recorded(BatchedModel(provider.model, ledger, poll=0.01, purse=wallet), ledger)


def texts(provider: Provider, path: Path, requests: list[GenerateRequest] | None = None) -> list[str]:
    """Returns what a run that starts now hears."""
    answers = batched(provider, Ledger(path)).generate(REQUESTS if requests is None else requests)
    return [answer.text for answer in answers]


def dies_before_it_hears_the_id(provider: Provider, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    dying = batched(provider, Ledger(path))
    monkeypatch.setattr(dying.ledger, "note_batch_id", dies)
    with pytest.raises(KeyboardInterrupt):
        dying.generate(REQUESTS)


REQUESTS = [ask(number) for number in range(8)]
ANSWERS = [f"echo {number}" for number in range(8)]


def test_a_batch_answers_in_order_at_half_the_price_and_once(provider: Provider, server: Server, tmp_path: Path):
    assert texts(provider, tmp_path / "l") == ANSWERS
    assert texts(provider, tmp_path / "l") == ANSWERS
    assert len(provider.made) == 1
    assert not server.seen, "nothing goes the dear way"
    ledger = Ledger(tmp_path / "l")
    assert ledger.batches(f"hosted:{provider.model}") == []
    (usage,) = ledger.usage()
    assert (usage.calls, usage.lost) == (8, 0)
    assert spent(usage, PRICE) == pytest.approx(PRICE.of(usage.tokens_in, usage.tokens_out) / 2)
    assert usage.tokens_out == 16


def test_a_run_that_died_while_waiting_goes_on_waiting(provider: Provider, tmp_path: Path):
    provider.fail, provider.status = provider.look, NOT_TRIED_AGAIN
    with pytest.raises(CallError, match="the batch API failed"):
        texts(provider, tmp_path / "l")
    provider.fail = ""
    assert texts(provider, tmp_path / "l") == ANSWERS
    assert len(provider.made) == 1
    (usage,) = Ledger(tmp_path / "l").usage()
    assert (usage.calls, usage.lost) == (8, 0), "what was found again is not lost"


def test_a_run_that_died_before_it_heard_the_id_finds_the_batch_by_its_token(
    provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    dies_before_it_hears_the_id(provider, tmp_path / "l", monkeypatch)
    assert len(provider.made) == 1
    assert texts(provider, tmp_path / "l") == ANSWERS
    assert len(provider.made) == 1, "the batch was paid for; it is not made again"


def test_a_batch_that_shows_up_a_little_later_is_found(
    provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    dies_before_it_hears_the_id(provider, tmp_path / "l", monkeypatch)
    provider.unlisted = 1
    assert texts(provider, tmp_path / "l") == ANSWERS
    assert len(provider.made) == 1


def test_a_batch_that_was_never_made_is_made(provider: Provider, tmp_path: Path):
    provider.fail = provider.put
    with pytest.raises(CallError):
        texts(provider, tmp_path / "l")
    assert len(Ledger(tmp_path / "l").batches(f"hosted:{provider.model}")) == 1, "after a 500 nobody knows"
    provider.fail = ""
    assert texts(provider, tmp_path / "l") == ANSWERS
    (usage,) = Ledger(tmp_path / "l").usage()
    assert usage.lost == 0


def test_a_batch_that_was_refused_is_not_looked_for(provider: Provider, tmp_path: Path):
    provider.fail, provider.status = provider.put, 400
    with pytest.raises(CallError, match="broken"):
        texts(provider, tmp_path / "l")
    provider.fail = ""
    assert texts(provider, tmp_path / "l") == ANSWERS
    assert provider.listing not in provider.heard
    (usage,) = Ledger(tmp_path / "l").usage()
    assert usage.lost == 0


def test_calls_that_expired_or_failed_are_asked_again_and_only_they(provider: Provider, tmp_path: Path):
    provider.expire, provider.break_down = {1, 5}, {2}
    answers = batched(provider, Ledger(tmp_path / "l")).generate(REQUESTS)
    assert [place for place, answer in enumerate(answers) if answer.stop == "error"] == [1, 2, 5]
    assert "without an answer" in answers[1].text
    assert "overloaded" in answers[2].text
    provider.expire, provider.break_down = set(), set()
    assert texts(provider, tmp_path / "l") == ANSWERS
    assert provider.sizes() == [8, 3]


def test_an_answer_says_why_it_ended(provider: Provider, tmp_path: Path):
    provider.ends = {0: provider.words[0], 3: provider.words[1]}
    answers = batched(provider, Ledger(tmp_path / "l")).generate(REQUESTS)
    assert [answer.stop for answer in answers] == ["length", "stop", "stop", "filtered", *["stop"] * 4]


def test_new_calls_beside_a_waiting_batch_get_one_of_their_own(provider: Provider, tmp_path: Path):
    provider.fail, provider.status = provider.look, NOT_TRIED_AGAIN
    with pytest.raises(CallError):
        texts(provider, tmp_path / "l", REQUESTS[:5])
    provider.fail = ""
    assert texts(provider, tmp_path / "l") == ANSWERS
    assert provider.sizes() == [5, 3]


def test_a_waiting_batch_is_kept_for_those_who_ask_for_its_calls(provider: Provider, tmp_path: Path):
    provider.fail, provider.status = provider.look, NOT_TRIED_AGAIN
    with pytest.raises(CallError):
        texts(provider, tmp_path / "l", REQUESTS[:5])
    provider.fail = ""
    provider.heard.clear()
    assert texts(provider, tmp_path / "l", REQUESTS[5:]) == ANSWERS[5:], "none of them"
    assert not any("/batch-0" in asked for asked in provider.heard), "nor is it waited for"
    assert texts(provider, tmp_path / "l", REQUESTS[3:]) == ANSWERS[3:], "two of them"
    assert texts(provider, tmp_path / "l") == ANSWERS
    assert provider.sizes() == [5, 3]
    assert Ledger(tmp_path / "l").batches(f"hosted:{provider.model}") == []


def test_a_batch_that_failed_its_check_is_made_anew(server: Server, tmp_path: Path):
    server.other = provider = OpenAIProvider()
    provider.invalid = True
    with pytest.raises(CallError, match="a line is too long"):
        texts(provider, tmp_path / "l")
    provider.invalid = False
    assert texts(provider, tmp_path / "l") == ANSWERS
    assert len(provider.made) == 2


def test_anthropic_gets_the_system_message_apart_and_only_what_it_takes(anthropic: Provider, tmp_path: Path):
    talk = [("system", "Be kind."), ("user", "Hello"), ("assistant", "Hi"), ("user", "Why?")]
    messages = tuple(Message.model_validate({"role": role, "content": text}) for role, text in talk)
    request = GenerateRequest(messages=messages, sampling=Sampling(max_tokens=9, temperature=1, seed=3), sample=2)
    assert texts(anthropic, tmp_path / "l", [request]) == ["echo Why?"]
    (params,) = anthropic.last().calls.values()
    assert params == {
        "model": "claude-sonnet-4-5",
        "max_tokens": 9,
        "system": [{"type": "text", "text": "Be kind."}],
        "messages": [{"role": role, "content": text} for role, text in talk[1:]],
    }


def stranger(anthropic: Provider, calls: int, polls: int, age: timedelta = timedelta()) -> str:
    """Adds a batch that someone else made with the same key, and returns its id."""
    params: dict[str, Any] = {"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "not ours"}]}
    batch = anthropic.make({f"{number:064}": params for number in range(calls)}, {}, age)
    batch.polls_left = polls
    return batch.id


def test_a_batch_of_unknown_origin_is_waited_for_before_calls_are_sent_again(anthropic: Provider, tmp_path: Path):
    anthropic.fail = anthropic.put
    with pytest.raises(CallError):
        texts(anthropic, tmp_path / "l")
    anthropic.fail = ""
    running = stranger(anthropic, calls=8, polls=3)
    assert texts(anthropic, tmp_path / "l") == ANSWERS
    assert len(anthropic.made) == 2
    sent_again = len(anthropic.heard) - anthropic.heard[::-1].index(anthropic.put)
    assert anthropic.heard[:sent_again].count(f"{anthropic.look}{running}") > 3, "nothing was sent before it was known"


def test_only_batches_that_could_be_ours_are_looked_into(
    anthropic: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    others = [
        stranger(anthropic, calls=8, polls=10**9, age=timedelta(days=2)),  # older than our token
        stranger(anthropic, calls=7, polls=10**9),  # of another size
    ]
    dies_before_it_hears_the_id(anthropic, tmp_path / "l", monkeypatch)
    same = [stranger(anthropic, calls=8, polls=-1), stranger(anthropic, calls=8, polls=-1)]
    anthropic.made[same[1]].kept = False
    assert texts(anthropic, tmp_path / "l") == ANSWERS, "found on the second page of the list"
    assert len(anthropic.made) == 5
    looked = {path.removesuffix("/results").split("/")[-1] for path in anthropic.heard if anthropic.look in path}
    assert not looked & set(others)
    assert set(same) <= looked


def test_answers_that_are_no_longer_kept_are_asked_for_again(anthropic: Provider, tmp_path: Path):
    anthropic.fail, anthropic.status = anthropic.look, NOT_TRIED_AGAIN
    with pytest.raises(CallError):
        texts(anthropic, tmp_path / "l")
    anthropic.fail = ""
    anthropic.last().kept = False
    assert all("without an answer" in text for text in texts(anthropic, tmp_path / "l"))
    assert texts(anthropic, tmp_path / "l") == ANSWERS
    assert len(anthropic.made) == 2


def test_all_batches_are_sent_before_one_is_waited_for(
    provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Once: each may take a day, and they took one after the other."""
    monkeypatch.setattr("doxa.models.batches.model.MOST_REQUESTS", 3)
    assert texts(provider, tmp_path / "l") == ANSWERS
    assert provider.sizes() == [3, 3, 2]
    asked = [each for each in provider.heard if each == provider.put or each.startswith(provider.look)]
    assert asked[:3] == [provider.put] * 3


def test_all_batches_of_a_run_that_died_are_taken_up(
    provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("doxa.models.batches.model.MOST_REQUESTS", 3)
    provider.fail, provider.status = provider.look, NOT_TRIED_AGAIN
    with pytest.raises(CallError):
        texts(provider, tmp_path / "l")
    provider.fail = ""
    assert texts(provider, tmp_path / "l") == ANSWERS
    assert provider.sizes() == [3, 3, 2]
    assert Ledger(tmp_path / "l").batches(f"hosted:{provider.model}") == []


class OneAtATime(OpenAIProvider):
    """Takes a batch and finds out later that another one was under way, as where waiting tokens are limited."""

    def answer(self, asked: str, body: bytes) -> tuple[int, Any]:
        refused: set[str] = self.__dict__.setdefault("refused", set())
        busy = any(not batch.ended for name, batch in self.made.items() if name not in refused)
        status, payload = super().answer(asked, body)
        if asked == self.put and busy:
            refused.add(payload["id"])
        if isinstance(payload, dict) and payload.get("id") in refused:
            payload |= {"status": "failed", "errors": {"object": "list", "data": [{"message": "too much waits"}]}}
        return status, payload


def test_where_a_provider_takes_one_batch_at_a_time_they_go_one_by_one(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    server.other = provider = OneAtATime()
    monkeypatch.setattr("doxa.models.batches.model.MOST_REQUESTS", 3)
    assert texts(provider, tmp_path / "l") == ANSWERS
    assert sorted(provider.sizes()) == [2, 2, 3, 3, 3], "two were refused and made anew"
    assert Ledger(tmp_path / "l").usage()[0].lost == 0


def most(requests: list[GenerateRequest]) -> float:
    """Returns what requests can cost at most, in a batch."""
    return BATCH_DISCOUNT * sum(map(PRICE.most, requests))


def test_the_most_that_a_batch_can_cost_is_half_as_well(provider: Provider, tmp_path: Path):
    """Once: the whole price was held back, so a budget paid for half a batch at a time."""
    batched(provider, Ledger(tmp_path / "l"), most(REQUESTS) * 1.01).generate(REQUESTS)
    assert provider.sizes() == [8]


def test_a_batch_that_is_taken_up_again_counts_once(provider: Provider, tmp_path: Path):
    """Once: its most was counted as lost, and what it cost came on top."""
    further = [ask(number) for number in range(10, 18)]
    provider.fail, provider.status = provider.look, NOT_TRIED_AGAIN
    with pytest.raises(CallError):
        batched(provider, Ledger(tmp_path / "l"), most(REQUESTS) * 1.01).generate(REQUESTS)
    provider.fail = ""
    ledger = Ledger(tmp_path / "l")
    real = 8 * BATCH_DISCOUNT * PRICE.of(1, 2)
    again = batched(provider, ledger, most(further) + real * 1.01)
    assert [answer.text for answer in again.generate([*REQUESTS, *further])][:8] == ANSWERS
    (usage,) = ledger.usage()
    assert (usage.calls, usage.lost) == (16, 0)


def test_a_batch_that_was_never_made_holds_no_money(provider: Provider, tmp_path: Path):
    provider.fail = provider.put
    with pytest.raises(CallError):
        batched(provider, Ledger(tmp_path / "l"), most(REQUESTS) * 1.05).generate(REQUESTS)
    provider.fail = ""
    other = ask(99)
    again = batched(provider, Ledger(tmp_path / "l"), most(REQUESTS) * 1.05)
    answers = again.generate([REQUESTS[0], *(ask(number) for number in range(20, 26)), other])
    assert [answer.stop for answer in answers] == ["stop"] * 8
    assert provider.sizes() == [8]


def test_a_batch_that_the_provider_no_longer_has_is_asked_anew(provider: Provider, tmp_path: Path):
    """Once: no run got past it any more."""
    provider.fail, provider.status = provider.look, NOT_TRIED_AGAIN
    with pytest.raises(CallError):
        texts(provider, tmp_path / "l")
    provider.status = 404
    assert all("without an answer" in text for text in texts(provider, tmp_path / "l"))
    provider.fail = ""
    assert texts(provider, tmp_path / "l") == ANSWERS
    assert len(provider.made) == 2


def test_a_file_of_answers_that_is_gone_is_asked_for_anew(server: Server, tmp_path: Path):
    server.other = provider = OpenAIProvider()
    provider.fail, provider.status = "GET /files", 404
    assert all("without an answer" in text for text in texts(provider, tmp_path / "l"))
    provider.fail = ""
    assert texts(provider, tmp_path / "l") == ANSWERS


@pytest.mark.parametrize(
    ("name", "sampled", "role"),
    [("gpt-4o-mini", True, "system"), ("gpt-5-mini", False, "developer"), ("o4-mini", False, "developer")],
)
def test_openai_gets_what_its_models_take(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, sampled: bool, role: str
):
    """Once: models that reason refuse a temperature, and so every call of the batch."""
    server.other = provider = OpenAIProvider()
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{server.server_port}/v1")
    messages = (Message(role="system", content="Be kind."), Message(role="user", content="Why?"))
    request = GenerateRequest(messages=messages, sampling=Sampling(max_tokens=9, seed=3), sample=2)
    ledger = Ledger(tmp_path / "l")
    Recorded(BatchedModel(f"openai/{name}", ledger, poll=0.01), ledger).generate([request])
    (body,) = provider.last().calls.values()
    assert body == {
        "model": name,
        "messages": [{"role": role, "content": "Be kind."}, {"role": "user", "content": "Why?"}],
        "seed": provider_seed(3, 2),
        **({"max_tokens": 9, "temperature": 0.7, "top_p": 0.95} if sampled else {"max_completion_tokens": 9}),
    }


def test_what_has_no_batch_api_is_refused(tmp_path: Path):
    ledger = Ledger(tmp_path / "l")
    with pytest.raises(InputError, match="only hosted models have a batch API"):
        open_recorded("embedded", ledger, Wallet(ledger, {}), Calling(batch=True))
    with pytest.raises(InputError, match="has no batch API that doxa speaks"):
        BatchedModel("mockllm/model", ledger)


def test_a_cloud_that_serves_claude_without_batches_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AZUREAI_ANTHROPIC_API_KEY", KEY)
    monkeypatch.setenv("AZUREAI_ANTHROPIC_BASE_URL", "http://127.0.0.1:9/anthropic")
    with pytest.raises(InputError, match="has no batch API that doxa speaks"):
        BatchedModel(CLAUDE.replace("/", "/azure/", 1), Ledger(tmp_path / "l"))
