from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from doxa.errors import StorageError
from doxa.models.ledger import Ledger, Recorded, call_key
from doxa.models.protocol import Answer, GenerateRequest, Message, Sampling, ScoreRequest, Scores


class Counting:
    """Answers with a running number, so that every real call shows."""

    def __init__(self, identity: str = "a", stop: str = "stop") -> None:
        self.identity, self.stop, self.calls = identity, stop, 0

    def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[list[tuple[int, Answer]]]:
        for index in reversed(range(len(requests))):  # out of order, as engines are
            self.calls += 1
            yield [(index, Answer(text=f"{requests[index].messages[-1].content}#{self.calls}", stop=self.stop))]

    def score(self, requests: Sequence[ScoreRequest]) -> Iterator[list[tuple[int, Scores]]]:
        self.calls += len(requests)
        yield [(index, Scores(logprobs=(-1.0,), tokens=(1,))) for index in range(len(requests))]


def ask(content: str, sample: int = 0, **sampling: float) -> GenerateRequest:
    return GenerateRequest(
        messages=(Message(role="user", content=content),), sampling=Sampling.model_validate(sampling), sample=sample
    )


def test_nothing_is_asked_twice_and_answers_keep_their_order(tmp_path: Path):
    model, requests = Counting(), [ask("x"), ask("y"), ask("x")]
    first = Recorded(model, Ledger(tmp_path / "ledger.sqlite")).generate(requests)
    again = Recorded(model, Ledger(tmp_path / "ledger.sqlite")).generate(requests)
    assert [answer.text[0] for answer in first] == ["x", "y", "x"]
    assert again == first
    assert model.calls == 2  # the same request twice in one list is one call, too


def test_samples_are_drawn_not_repeated(tmp_path: Path):
    """Mistake: `num_choices` above 1 answered from a cache gave one text, repeated."""
    answers = Recorded(Counting(), Ledger(tmp_path / "l")).generate([ask("x", sample) for sample in range(4)])
    assert len({answer.text for answer in answers}) == 4


def test_two_models_never_share_an_answer(tmp_path: Path):
    """Mistake: a cache key without the adapter reported the base model's answers for the finetune."""
    ledger = Ledger(tmp_path / "l")
    base, tuned = Counting("base"), Counting("base+adapter")
    Recorded(base, ledger).generate([ask("x")])
    Recorded(tuned, ledger).generate([ask("x")])
    assert (base.calls, tuned.calls) == (1, 1)


def test_every_field_of_a_request_is_part_of_its_key():
    base = ask("x")
    variants = [
        ask("y"), ask("x", sample=1), ask("x", temperature=0.1), ask("x", top_p=0.5), ask("x", top_k=3),
        ask("x", max_tokens=7), ask("x", seed=9), base.model_copy(update={"raw": True}),
        base.model_copy(update={"messages": (Message(role="system", content="x"),)}),
    ]  # fmt: skip
    keys = {call_key("m", "generate", request) for request in [base, *variants]}
    assert len(keys) == len(variants) + 1
    fields = set(GenerateRequest.model_fields) - {"sampling"} | set(Sampling.model_fields)
    assert fields == {"messages", "sample", "raw", "temperature", "top_p", "top_k", "max_tokens", "seed"}, (
        "a new field: add a variant above, so that it is known to be part of the key"
    )
    assert call_key("m", "score", base) != call_key("m", "generate", base)


def test_a_failed_answer_is_asked_again(tmp_path: Path):
    model = Counting(stop="error")
    subject = Recorded(model, Ledger(tmp_path / "l"))
    subject.generate([ask("x")])
    model.stop = "stop"
    assert subject.generate([ask("x")])[0].stop == "stop"
    assert model.calls == 2


def test_what_was_answered_before_an_interruption_is_kept(tmp_path: Path):
    class Stopping(Counting):
        def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[list[tuple[int, Answer]]]:
            for done, batch in enumerate(super().generate(requests)):
                if done == 3:
                    raise KeyboardInterrupt
                yield batch

    requests = [ask(str(number)) for number in range(10)]
    with pytest.raises(KeyboardInterrupt):
        Recorded(Stopping(), Ledger(tmp_path / "l")).generate(requests)
    model = Counting()
    Recorded(model, Ledger(tmp_path / "l")).generate(requests)
    assert model.calls == 7


def test_a_full_disk_is_one_clear_error_and_loses_nothing(tmp_path: Path):
    ledger = Ledger(tmp_path / "l")
    Recorded(Counting(), ledger).generate([ask("kept")])
    ledger._db.execute("PRAGMA max_page_count = 6")  # SQLite's own "database or disk is full"
    with pytest.raises(StorageError, match=r"ledger .* cannot be read or written: .*full.*kept"):
        Recorded(Counting(), ledger).generate([ask("x" * 9000 + str(number)) for number in range(20)])
    ledger.close()
    model = Counting()
    Recorded(model, Ledger(tmp_path / "l")).generate([ask("kept")])
    assert model.calls == 0


def test_a_ledger_that_cannot_be_opened_is_one_clear_error(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be read or written"):
        Ledger(tmp_path / "file" / "ledger.sqlite")
