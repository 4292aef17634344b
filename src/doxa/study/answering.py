"""Sampled answers: one call a cell, or a dialogue with an adversary in rounds over all cells; then their reading."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from doxa.conditions.dialogue import Dialogue, adversary_messages
from doxa.conditions.reasoning import final_answer
from doxa.metrics.catalogue import METRICS
from doxa.metrics.records import Reading, Verdict, of_verdict
from doxa.models.ledger import Recorded
from doxa.models.protocol import Answer, GenerateRequest, Sampling, Stop
from doxa.progress import Progress
from doxa.study.planning import Cell, dialogue_of, generate_request
from doxa.study.records import Study

ARGUMENT_TOKENS = 400  # room for the 150 words that the adversary is told to keep to, in any tokenizer
UNMARKED: dict[Stop, Verdict] = {"error": "call_error", "filtered": "refusal", "length": "truncated"}


class Asking(NamedTuple):
    """What is the same for every subject that is asked.

    Attributes:
        study: Says what is asked and how answers are sampled.
        documents: Texts by arm and fact, for the intervention `in_context`.
        judges: Who reads answers in the readout `judged`.
        adversary: Who argues in the stress `adversarial`.
        progress: Hears of every stage.
    """

    study: Study
    documents: Mapping[tuple[str | None, str], Sequence[str]]
    judges: Sequence[Recorded]
    adversary: Recorded | None
    progress: Progress

    def shown(self, cell: Cell) -> Sequence[str]:
        """Returns the documents from which the prompt of a cell may take some."""
        return self.documents.get((cell.condition.intervention.arm, cell.fact.id), ())


class Given(NamedTuple):
    """The answer that is graded.

    Attributes:
        answer: The answer.
        calls: Ledger keys: of the graded answer first, then of the calls before it, the latest first.
    """

    answer: Answer
    calls: tuple[str, ...]


class _Held(NamedTuple):
    """A dialogue under way, with the request that opened it and the latest answer."""

    cell: Cell
    opening: GenerateRequest
    dialogue: Dialogue
    given: Given


def sample_answers(cells: Sequence[Cell], subject: Recorded, label: str, asking: Asking) -> list[Given]:
    """Returns the graded answer of every sampled cell, in their order.

    Args:
        cells: What is asked.
        subject: Who answers.
        label: Names the subject in the progress shown.
        asking: The rest.
    """
    requests = [generate_request(cell, asking.study, asking.shown(cell)) for cell in cells]
    given = _answers(requests, subject, f"sampling answers ({label})", asking)
    held = {
        place: _Held(cell, request, dialogue_of(cell, request), first)
        for place, (cell, request, first) in enumerate(zip(cells, requests, given, strict=True))
        if cell.condition.stress.kind == "adversarial"
    }
    ended = dict(zip(held, _argued_out(list(held.values()), subject, label, asking), strict=True))
    return [ended.get(place, first) for place, first in enumerate(given)]


def read_sampled(cell: Cell, answer: Answer) -> tuple[Answer, Reading]:
    """Returns the answer proper and what it says by itself; a judge may still read it otherwise.

    Under a budget for reasoning only what stands behind the marker is the answer. Without a marker nothing was
    answered: `truncated` where the limit cut the reasoning, else `unparsed`.
    """
    proper = final_answer(answer) if cell.condition.stress.kind == "reasoning" else answer
    if proper is None:
        return answer.model_copy(update={"text": ""}), of_verdict(UNMARKED.get(answer.stop, "unparsed"))
    markers = cell.fact.markers_for(cell.item)
    return proper, METRICS[cell.metric].read_answer(cell.item, markers, cell.family, proper)


def says_something(answer: Answer) -> bool:
    """Whether there is anything to read or to argue with: a failed call is no answer, and neither is silence."""
    return answer.stop != "error" and bool(answer.text.strip())


def _argued_out(held: Sequence[_Held], subject: Recorded, label: str, asking: Asking) -> list[Given]:
    """Holds dialogues to their end: in each round every open one is argued, then answered.

    A dialogue ends with its last round, or where the subject says nothing: then that is what is read.
    """
    held = list(held)
    for round_ in range(max((one.dialogue.rounds for one in held), default=0)):
        going = [place for place, one in enumerate(held) if _goes_on(one, round_)]
        for place, one in zip(going, _argue([held[place] for place in going], label, asking), strict=True):
            held[place] = one
        arguable = [place for place in going if says_something(held[place].given.answer)]
        requests = [
            held[place].opening.model_copy(update={"messages": held[place].dialogue.messages}) for place in arguable
        ]
        answers = _answers(requests, subject, f"answering argument {round_ + 1} ({label})", asking)
        for place, given in zip(arguable, answers, strict=True):
            calls = given.calls + held[place].given.calls
            held[place] = held[place]._replace(given=Given(given.answer, calls))
    return [one.given for one in held]


def _goes_on(held: _Held, round_: int) -> bool:
    return round_ < held.dialogue.rounds and held.dialogue.argued == round_ and says_something(held.given.answer)


def _argue(held: Sequence[_Held], label: str, asking: Asking) -> list[_Held]:
    """Returns dialogues with the adversary's next argument.

    Where it fails or says nothing, the cell is a failed call: nobody knows what the subject would have answered.
    """
    assert asking.adversary is not None, "validated with the study"
    answered = [one.dialogue.answer(one.given.answer.text) for one in held]
    sampling = Sampling(max_tokens=ARGUMENT_TOKENS, seed=asking.study.seed)
    requests = [
        GenerateRequest(messages=adversary_messages(dialogue, one.cell.fact), sampling=sampling, sample=one.cell.sample)
        for one, dialogue in zip(held, answered, strict=True)
    ]
    arguments = _answers(requests, asking.adversary, f"arguing ({label})", asking)
    found: list[_Held] = []
    for one, dialogue, argument in zip(held, answered, arguments, strict=True):
        said = argument.answer
        calls = argument.calls + one.given.calls
        if says_something(said):
            given = Given(one.given.answer, calls)
            found.append(one._replace(dialogue=dialogue.argue(said.text), given=given))
        else:
            failed = Answer(text=f"the adversary gave no argument: {said.text}", stop="error")
            found.append(one._replace(dialogue=dialogue, given=Given(failed, calls)))
    return found


def _answers(requests: Sequence[GenerateRequest], model: Recorded, stage: str, asking: Asking) -> list[Given]:
    if not requests:
        return []
    with asking.progress.stage(stage, len(requests)) as advance:
        answers = model.generate(requests, advance)
    keys = model.keys("generate", requests)
    return [Given(answer, (key,)) for answer, key in zip(answers, keys, strict=True)]
