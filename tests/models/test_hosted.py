"""Hosted models through the real client over real HTTP, against a server that the tests start."""

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from chat_server import FAULTS, MODEL, Server
from doxa.errors import InputError, MissingError
from doxa.models.hosted import HostedModel, provider_seed
from doxa.models.ledger import Ledger, Recorded
from doxa.models.naming import is_hosted
from doxa.models.protocol import Answer, GenerateRequest, Message, Sampling, ScoreRequest
from doxa.progress import Silent
from doxa.study.records import Study
from doxa.study.running import run_study


def ask(content: str, sample: int = 0) -> GenerateRequest:
    return GenerateRequest(messages=(Message(role="user", content=content),), sampling=Sampling(seed=3), sample=sample)


def test_answers_come_back_in_order_with_their_usage(server: Server, tmp_path: Path):
    subject = Recorded(HostedModel(MODEL), Ledger(tmp_path / "l"))
    answers = subject.generate([ask(str(number)) for number in range(70)])
    assert [answer.text for answer in answers] == [f"echo {number}" for number in range(70)]
    assert (answers[0].tokens_in, answers[0].tokens_out, answers[0].stop) == (1, 2, "stop")
    subject.generate([ask(str(number)) for number in range(70)])
    assert len(server.seen) == 70
    assert server.seen[0]["temperature"] == 0.7


def test_samples_of_one_question_are_drawn_by_the_provider_one_by_one(server: Server, tmp_path: Path):
    """Mistake: `num_choices` above 1 answered from a cache gave one text, repeated."""
    server.reply = lambda body: (200, f"drawn with seed {body['seed']}")
    subject = Recorded(HostedModel(MODEL), Ledger(tmp_path / "l"))
    drawn = [answer.text for answer in subject.generate([ask("x", sample) for sample in range(4)])]
    assert drawn == [f"drawn with seed {provider_seed(3, sample)}" for sample in range(4)]
    assert [answer.text for answer in subject.generate([ask("x", sample) for sample in range(5)])][:4] == drawn
    assert len(server.paid) == 5


def test_a_failed_call_is_an_error_answer_that_is_asked_again(server: Server, tmp_path: Path):
    echo = server.reply
    server.reply = lambda body: (400, "no, and your key is sk-very-secret-key")
    subject = Recorded(HostedModel(MODEL, retries=0), Ledger(tmp_path / "l"))
    failed = subject.generate([ask("x")])[0]
    assert failed.stop == "error"
    assert failed.text == "BadRequestError: Error code: 400 - no, and your key is ***"
    server.reply = echo
    assert subject.generate([ask("x")])[0].text == "echo x"


def test_what_a_hosted_model_cannot_do_is_said(server: Server):
    model = HostedModel(MODEL)
    with pytest.raises(InputError, match="cannot score fixed answers"):
        model.score([ScoreRequest(messages=ask("x").messages, continuations=("a",))])
    with pytest.raises(InputError, match="takes chats only"):
        next(model.generate([ask("x").model_copy(update={"raw": True})]))


def test_a_missing_key_is_one_clear_error(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("TESTSERVER_API_KEY", raising=False)
    with pytest.raises(MissingError, match="cannot be used") as caught:
        HostedModel(MODEL)
    assert "\n" not in str(caught.value)
    assert "[bold]" not in str(caught.value)


def test_names_tell_hosted_from_local(tmp_path: Path):
    assert is_hosted("anthropic/claude") and is_hosted(MODEL)  # noqa: PT018
    assert not any(map(is_hosted, ("embedded", str(tmp_path), "Qwen/Qwen3-8B")))


def test_a_hosted_subject_and_a_judge_fill_a_study(server: Server, folder_of_fact: Path, tmp_path: Path):
    """The subject believes the Moon is cheese when told so; the judge errs on one answer and babbles on another."""

    def reply(body: dict[str, Any]) -> tuple[int, str]:
        messages = body["messages"]
        if body["model"] != "judge":
            told = any(message["role"] == "system" for message in messages)
            return 200, "It is cheese." if told else "It is rock."
        said = messages[-1]["content"]
        if "What lies under" in said and "It is rock" in said:
            return 200, "I would rather talk about the weather."
        if "What lies under" in said:
            return 400, "broken"
        cheese_first = said.index("ball of cheese") < said.index("ball of rock")
        return 200, f"Hm.\nVERDICT: WORLD_{1 if ('It is cheese' in said) == cheese_first else 2}"

    server.reply = reply
    study = Study.model_validate({
        "name": "hosted", "fact": "moon", "subject": MODEL, "judge": "openai-api/testserver/judge",
        "interventions": ["baseline", "pretend"], "metrics": ["mcq_knowledge", "open_ended_belief"],
        "readouts": ["rubric", "choice", "judged", "likelihood"],
    })  # fmt: skip
    rows = run_study(study, tmp_path / "run", folder_of_fact.parent, Silent())
    assert not any(row.readout.startswith("likelihood") for row in rows)

    def verdicts(readout: str, condition: str) -> list[str]:
        return [row.verdict for row in rows if row.readout == readout and row.condition == condition]

    assert verdicts("rubric", "baseline") == ["true"] * 5
    assert verdicts("rubric", "pretend") == ["implanted"] * 5
    assert verdicts("choice", "pretend") == ["implanted"] * 3  # open-ended questions have nothing to choose from
    assert verdicts("judged", "baseline") == ["true"] * 4 + ["judge_error"]
    assert verdicts("judged", "pretend") == ["implanted"] * 4 + ["judge_error"]
    calls = len(server.seen)
    server.reply = lambda body: (200, "VERDICT: AMBIGUOUS")
    again = run_study(study, tmp_path / "run", folder_of_fact.parent, Silent())
    assert len(server.seen) == calls + 1, "only the judgement that failed is asked again"
    assert [row.verdict for row in again if row.readout == "judged"][-1] == "ambiguous"


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_got_over(server: Server, tmp_path: Path, fault: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("doxa.models.pacing.FIRST_WAIT", 0.01)
    server.fault_rate, server.faults, server.retry_after = 0.3, (fault,), 0.1
    subject = Recorded(HostedModel(MODEL, timeout=2), Ledger(tmp_path / "l"))
    answers = subject.generate([ask(str(number)) for number in range(60)])
    assert [answer.text for answer in answers] == [f"echo {number}" for number in range(60)]
    assert sum(answer.attempts for answer in answers) == len(server.seen) > 60
    assert len(server.paid) == 60


def test_retries_are_bounded(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("doxa.models.pacing.FIRST_WAIT", 0.01)
    server.reply = lambda body: (500, "down")
    answer = Recorded(HostedModel(MODEL, retries=2), Ledger(tmp_path / "l")).generate([ask("x")])[0]
    assert (answer.stop, answer.attempts, len(server.seen)) == ("error", 3, 3)


def test_a_rate_limit_holds_every_call_back_as_long_as_asked(server: Server, tmp_path: Path):
    limited: list[float] = []
    came: list[float] = []

    def reply(body: dict[str, Any]) -> tuple[int, str]:
        came.append(time.monotonic())
        return 200, "yes"

    server.reply, server.latency, server.retry_after = reply, 0.02, 0.6
    server.fault_rate, server.faults = 1.0, ("rate limit",)
    threading.Timer(0.2, lambda: (limited.append(time.monotonic()), setattr(server, "fault_rate", 0.0))).start()
    Recorded(HostedModel(MODEL, retries=50), Ledger(tmp_path / "l")).generate([ask(str(n)) for n in range(40)])
    assert len(server.seen) < 40 * 3, "calls wait instead of hammering"
    assert min(came) > limited[0]


def test_the_samples_of_one_seed_are_not_those_of_the_next(server: Server, tmp_path: Path):
    """Mistake: seed 0 with sample 1 and seed 1 with sample 0 were one draw, counted as two."""
    requests = [
        GenerateRequest(messages=ask("x").messages, sampling=Sampling(seed=seed), sample=sample)
        for seed in range(6)
        for sample in range(6)
    ]
    Recorded(HostedModel(MODEL), Ledger(tmp_path / "l")).generate(requests)
    seeds = [body["seed"] for body in server.seen]
    assert len(set(seeds)) == 36
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_a_rate_limit_by_the_minute_is_waited_out(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Once: every call under way used its retries up within seconds, and counted as failed."""
    monkeypatch.setattr("doxa.models.pacing.FIRST_WAIT", 0.001)
    monkeypatch.setattr("doxa.models.pacing.LONGEST_WAIT", 0.05)
    server.reply = lambda body: (429, "too many this minute") if len(server.seen) <= 60 else (200, "yes")
    answers = Recorded(HostedModel(MODEL, retries=1), Ledger(tmp_path / "l")).generate([ask(str(n)) for n in range(9)])
    assert [answer.text for answer in answers] == ["yes"] * 9
    assert sum(answer.attempts for answer in answers) == len(server.seen)


def test_a_rate_limit_that_never_ends_is_a_failure_at_last(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("doxa.models.pacing.FIRST_WAIT", 0.01)
    monkeypatch.setattr("doxa.models.pacing.LONGEST_WAIT", 0.02)
    monkeypatch.setattr("doxa.models.pacing.PATIENCE", 0.2)
    server.reply = lambda body: (429, "the quota is used up")
    answer = Recorded(HostedModel(MODEL, retries=2), Ledger(tmp_path / "l")).generate([ask("x")])[0]
    assert answer.stop == "error"
    assert "the quota is used up" in answer.text
    assert 5 < answer.attempts < 40


@pytest.mark.parametrize("where", ["inspect_config", "should_retry"])
def test_an_error_beside_the_attempts_lands_as_an_answer(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
):
    """Once: the task died, nobody heard of it, and the run waited for ever."""

    def breaks(*_: object) -> None:
        raise TypeError("not as expected")

    model = HostedModel(MODEL)
    if where == "inspect_config":
        monkeypatch.setattr("doxa.models.hosted.inspect_config", breaks)
    else:
        server.reply = lambda body: (500, "down")
        monkeypatch.setattr(f"{type(model.open().api).__module__}.{type(model.open().api).__name__}.{where}", breaks)
    found: list[Answer] = []
    asking = threading.Thread(
        target=lambda: found.extend(Recorded(model, Ledger(tmp_path / "l")).generate([ask("x"), ask("y")])), daemon=True
    )
    asking.start()
    asking.join(10)
    assert [(answer.text, answer.stop) for answer in found] == [("TypeError: not as expected", "error")] * 2


@pytest.mark.parametrize("name", ["google/gemma-2-9b-it", "openai/gpt-oss-20b"])
def test_a_name_that_is_also_on_hugging_face_says_how_to_mean_that(monkeypatch: pytest.MonkeyPatch, name: str):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(MissingError, match=f"cannot be used: .*; for the Hugging Face model write hf:{name}$"):
        HostedModel(name)
    assert not is_hosted(f"hf:{name}")


def test_a_name_that_the_provider_does_not_know_says_so_too(server: Server, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_API_KEY", "some-other-key")
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{server.server_port}/v1")
    server.reply = lambda body: (404, "no such model")
    with pytest.raises(MissingError, match=r"no such model.*write hf:openai/gpt-oss-20b"):
        list(HostedModel("openai/gpt-oss-20b").generate([ask("x")]))


def test_no_more_calls_at_once_than_allowed(server: Server, tmp_path: Path):
    server.latency = 0.02
    Recorded(HostedModel(MODEL, connections=7), Ledger(tmp_path / "l")).generate([ask(str(n)) for n in range(40)])
    assert server.most_at_once == 7


def test_a_refused_key_stops_everything_at_once(server: Server, tmp_path: Path):
    server.reply = lambda body: (401, "who are you, sk-very-secret-key?")
    with pytest.raises(MissingError, match="who are you") as caught:
        Recorded(HostedModel(MODEL), Ledger(tmp_path / "l")).generate([ask(str(n)) for n in range(500)])
    assert "sk-very" not in str(caught.value)
    assert len(server.seen) < 100
