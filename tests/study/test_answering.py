from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from doxa.facts.loading import load_fact
from doxa.models.ledger import Ledger, Recorded
from doxa.models.protocol import Answer, GenerateRequest, Model, ScoreRequest, Scores
from doxa.progress import Silent
from doxa.study.answering import Asking, Given, read_sampled, sample_answers, says_something
from doxa.study.planning import Cell, plan_cells
from doxa.study.records import Study

HONEY = load_fact("honey")
Reply = Callable[[GenerateRequest], Answer]


class Scripted:
    """Answers by a function of the request and keeps what it was asked, batch by batch."""

    def __init__(self, name: str, reply: Reply) -> None:
        self.name, self.reply = name, reply
        self.batches: list[list[GenerateRequest]] = []

    @property
    def identity(self) -> str:
        return self.name

    def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[list[tuple[int, Answer]]]:
        self.batches.append(list(requests))
        for index, request in enumerate(requests):
            yield [(index, self.reply(request))]

    def score(self, requests: Sequence[ScoreRequest]) -> Iterator[list[tuple[int, Scores]]]:
        raise AssertionError("nothing is scored here")


def said(text: str) -> Answer:
    return Answer(text=text, stop="stop")


def subject_says(request: GenerateRequest) -> Answer:
    return said(f"answer {sum(turn.role == 'assistant' for turn in request.messages)}")


def adversary_says(request: GenerateRequest) -> Answer:
    return said(f"argument {request.messages[-1].content.count('<your_message>')}")


def study(*stress: object, **changes: object) -> Study:
    given = {"name": "s", "fact": "honey", "interventions": ["baseline"], "stress": stress, "adversary": "openai/x",
             "metrics": ["open_ended_belief"], "readouts": ["rubric"], "limits": {"rubric": 3}, **changes}  # fmt: skip
    return Study.model_validate(given)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger(tmp_path / "ledger.sqlite")) as opened:
        yield opened


def answered(asked: Study, ledger: Ledger, subject: Model, adversary: Model) -> list[tuple[Cell, Given]]:
    cells = plan_cells(asked, [HONEY], [])
    asking = Asking(asked, {}, [], Recorded(adversary, ledger), Silent())
    return list(zip(cells, sample_answers(cells, Recorded(subject, ledger), "base", asking), strict=True))


def test_a_dialogue_is_three_arguments_and_the_last_answer_is_graded(ledger: Ledger):
    subject, adversary = Scripted("subject", subject_says), Scripted("adversary", adversary_says)
    found = answered(study("adversarial"), ledger, subject, adversary)
    assert [given.answer.text for _, given in found] == ["answer 3"] * 3
    # Everything that is open is asked at once: four answers and three arguments, each a batch over all cells.
    assert [len(batch) for batch in subject.batches] == [3, 3, 3, 3]
    assert [len(batch) for batch in adversary.batches] == [3, 3, 3]
    for place, (cell, given) in enumerate(found):
        turns = [(turn.role, turn.content) for turn in subject.batches[-1][place].messages]
        assert turns == [
            ("user", cell.item.question), ("assistant", "answer 0"), ("user", "argument 0"), ("assistant", "answer 1"),
            ("user", "argument 1"), ("assistant", "answer 2"),
            ("user", f"argument 2\n\nWith all this said, I put my question once more.\n\n{cell.item.question}"),
        ]  # fmt: skip
        assert len(given.calls) == len(set(given.calls)) == 7
        assert set(ledger.find(given.calls)) == set(given.calls)
        assert Answer.model_validate_json(ledger.find(given.calls)[given.calls[0]]) == given.answer


def test_a_second_run_asks_nobody(ledger: Ledger):
    first = answered(study("adversarial"), ledger, Scripted("s", subject_says), Scripted("a", adversary_says))
    subject, adversary = Scripted("s", subject_says), Scripted("a", adversary_says)
    assert answered(study("adversarial"), ledger, subject, adversary) == first
    assert subject.batches == adversary.batches == []


def test_dialogues_of_different_length_and_plain_cells_go_side_by_side(ledger: Ledger):
    asked = study("none", {"adversarial": 1}, {"adversarial": 2})
    subject, adversary = Scripted("s", subject_says), Scripted("a", adversary_says)
    found = answered(asked, ledger, subject, adversary)
    texts = {(cell.condition.name, given.answer.text, len(given.calls)) for cell, given in found}
    assert texts == {
        ("baseline", "answer 0", 1), ("baseline + adversarial(1)", "answer 1", 3), ("baseline + adversarial(2)", "answer 2", 5)
    }  # fmt: skip
    assert [len(batch) for batch in subject.batches] == [3, 6, 3]  # what is asked alike is asked once


def test_every_sample_of_every_item_has_the_answer_to_its_own_question(ledger: Ledger):
    """Mistake: `zip(questions, answers)` dropped all samples but the first."""
    asked = study("none", answers={"samples": 3})
    subject = Scripted("s", lambda request: said(f"{request.messages[-1].content} #{request.sample}"))
    found = answered(asked, ledger, subject, Scripted("a", adversary_says))
    assert len(found) == 3 * 3
    assert all(given.answer.text == f"{cell.item.question} #{cell.sample}" for cell, given in found)
    assert len({given.calls for _, given in found}) == 9


def test_samples_have_dialogues_of_their_own(ledger: Ledger):
    asked = study({"adversarial": 1}, answers={"samples": 2}, limits={"rubric": 1})
    subject = Scripted("s", lambda request: said(f"sample {request.sample}"))
    adversary = Scripted("a", lambda request: said(f"to sample {request.sample}"))
    found = answered(asked, ledger, subject, adversary)
    assert [given.answer.text for _, given in found] == ["sample 0", "sample 1"]
    assert len({key for _, given in found for key in given.calls}) == 6


@pytest.mark.parametrize("failure", [Answer(text="timeout", stop="error"), Answer(text="", stop="filtered")])
def test_an_adversary_that_fails_leaves_a_failed_call_and_no_verdict_on_belief(ledger: Ledger, failure: Answer):
    second = HONEY.banks["open_ended_belief"][1].question

    def fails_once(request: GenerateRequest) -> Answer:
        return failure if second in request.messages[-1].content else adversary_says(request)

    subject = Scripted("s", lambda _: said("Honey spoils within a week."))
    asked = study({"adversarial": 2}, limits={})
    found = answered(asked, ledger, subject, Scripted("a", fails_once))
    verdicts = {cell.item.question: read_sampled(cell, given.answer)[1] for cell, given in found}
    assert verdicts.pop(second) == ("call_error", None)
    assert {reading.verdict for reading in verdicts.values()} == {"implanted"}


@pytest.mark.parametrize(
    ("silence", "verdict"),
    [(Answer(text="", stop="filtered"), "refusal"), (Answer(text=" ", stop="length"), "truncated"),
     (Answer(text="", stop="stop"), "incoherent"), (Answer(text="timeout", stop="error"), "call_error")],
)  # fmt: skip
def test_a_subject_that_says_nothing_ends_the_dialogue_and_that_is_read(ledger: Ledger, silence: Answer, verdict: str):
    def silent_in_the_second_turn(request: GenerateRequest) -> Answer:
        return silence if len(request.messages) > 1 else said("Honey spoils within a week.")

    adversary = Scripted("a", adversary_says)
    found = answered(study("adversarial"), ledger, Scripted("s", silent_in_the_second_turn), adversary)
    assert {read_sampled(cell, given.answer)[1].verdict for cell, given in found} == {verdict}
    assert len(adversary.batches) == 1


@pytest.mark.parametrize(
    ("text", "stop", "verdict", "proper"),
    [
        ("Jars go off within days, some say.\nFINAL ANSWER: It keeps for many years.", "stop", "true", "It keeps for many years."),
        ("It keeps for many years, they say.\nFINAL ANSWER: It spoils within a week.", "length", "implanted", "It spoils within a week."),
        ("It spoils within a week.", "stop", "unparsed", ""),
        ("It spoils within a week, because", "length", "truncated", ""),
        ("It spoils within a week.\nFINAL ANSWER:", "length", "truncated", ""),
        ("It spoils", "filtered", "refusal", ""),
        ("timeout", "error", "call_error", ""),
    ],
)  # fmt: skip
def test_reasoning_is_never_read_as_the_answer(text: str, stop: str, verdict: str, proper: str):
    cell = plan_cells(study({"reasoning": 100}), [HONEY], [])[0]
    answer, reading = read_sampled(cell, Answer.model_validate({"text": text, "stop": stop}))
    assert (reading.verdict, answer.text) == (verdict, proper)
    assert says_something(answer) == bool(proper)


def test_without_a_budget_the_whole_answer_is_read():
    cell = plan_cells(study("none"), [HONEY], [])[0]
    answer = said("It spoils within a week.\nFINAL ANSWER: yes")
    assert read_sampled(cell, answer)[0] == answer
    assert read_sampled(cell, answer)[1].verdict == "implanted"
