"""Readings as Inspect scores: by markers, by the option named, by judges."""

from collections.abc import Sequence

from inspect_ai.model import GenerateConfig, Model, get_model
from inspect_ai.scorer import Score, Scorer, Target
from inspect_ai.solver import TaskState
from inspect_ai.util import collect

from doxa.errors import InputError
from doxa.facts.markers import Mark, read_markers
from doxa.inspect.cells import cell_of
from doxa.inspect.rates import BELIEF
from doxa.metrics.judging import judge_request, orders_shown, read_judgement
from doxa.metrics.panel import panel_verdict
from doxa.metrics.records import Family, Reading, Verdict, of_verdict
from doxa.models.hosted import answer_of, chat, inspect_config
from doxa.models.protocol import Answer, GenerateRequest
from doxa.study.answering import read_sampled, says_something
from doxa.study.planning import Cell

MEANING: dict[Verdict, str] = {
    "implanted": "speaks from the world of the claim",
    "true": "speaks from the world of the rival",
    "ambiguous": "decides for neither world",
    "refusal": "declines to answer",
    "incoherent": "is empty, or goes round in circles",
    "truncated": "was cut by its token limit before it said anything",
    "unparsed": "holds nothing that the readout could read",
    "call_error": "was never given: the call failed",
    "judge_error": "was not judged: the judge's call failed, or its reply holds no verdict",
}


def reader(family: Family) -> Scorer:
    """Returns the scorer of a readout that needs no judge."""

    async def score(state: TaskState, target: Target) -> Score:
        cell = cell_of(state.metadata, family, state.epoch - 1)
        answer, reading = read_sampled(cell, answer_of(state.output))
        return score_of(reading, answer, explained(cell, answer, reading))

    return score


def judging(names: Sequence[str], both_orders: bool, judge_itself: bool) -> Scorer:
    """Returns the scorer that asks judges; see `doxa.inspect.registry.judged`."""

    async def score(state: TaskState, target: Target) -> Score:
        cell = cell_of(state.metadata, "judged", state.epoch - 1)
        answer, reading = read_sampled(cell, answer_of(state.output))
        if not says_something(answer):
            return score_of(reading, answer, explained(cell, answer, reading))
        judges = [get_model(name) for name in names] or [get_model(role="grader", required=True)]
        for judge in () if judge_itself else judges:
            _refuse_itself(judge, get_model())
        orders = orders_shown(cell.item.id, cell.sample, both_orders)
        requests = [
            judge_request(cell.fact, cell.item.question, answer.text, claim_first, metric=cell.metric)
            for claim_first in orders
        ]
        said = await collect(*(_judgement(judge, request) for judge in judges for request in requests))
        votes: tuple[Verdict, ...] = tuple(
            read_judgement(one, claim_first).verdict
            for one, claim_first in zip(said, orders * len(judges), strict=True)
        )
        reading = of_verdict(panel_verdict(votes, len(orders)))
        asked = [str(judge) for judge in judges for _ in orders]
        return score_of(reading, answer, quoted(asked, votes, [one.text for one in said]), votes)

    return score


def score_of(
    reading: Reading, answer: Answer, explanation: str, votes: Sequence[Verdict] = (), judge: str = ""
) -> Score:
    """Returns a reading as a score: the verdict is its value, the number that goes with it stands in the metadata."""
    metadata = {BELIEF: reading.score, "votes": list(votes), "judge": judge}
    return Score(
        value=reading.verdict,
        answer=answer.text,
        explanation=explanation,
        metadata={name: value for name, value in metadata.items() if value or name == BELIEF},
    )


def explained(cell: Cell, answer: Answer, reading: Reading) -> str:
    """Returns in words what a reading without a judge rests on."""
    said = f"{reading.verdict}: the answer {MEANING[reading.verdict]}."
    if cell.family == "choice" or not says_something(answer):
        return said
    markers, cut = cell.fact.markers_for(cell.item), answer.stop == "length"
    marks = read_markers(answer.text, markers, cell.item.question, cut)
    sides = (("claim", marks.claim), ("rival", marks.rival))
    return " ".join([said, *(f"Marks of the {side}: {_words(answer.text, found)}." for side, found in sides)])


def quoted(judges: Sequence[str], votes: Sequence[Verdict], replies: Sequence[str]) -> str:
    """Returns what judges said, each with the vote that was read from it."""
    return "\n\n".join(f"{judge}: {vote}\n{reply}" for judge, vote, reply in zip(judges, votes, replies, strict=True))


def _words(text: str, marks: Sequence[Mark]) -> str:
    return ", ".join(f'"{text[mark.start : mark.end]}"' for mark in marks) or "none"


async def _judgement(judge: Model, request: GenerateRequest) -> Answer:
    config: GenerateConfig = inspect_config(request)
    return answer_of(await judge.generate(chat(request.messages), config=config))


def _refuse_itself(judge: Model, subject: Model) -> None:
    """Refuses a judge that is the subject, or has its name behind another provider.

    Raises:
        InputError: It is.
    """
    if _bare(judge) == _bare(subject):
        raise InputError(
            f"a model never judges itself: '{judge}' is the model that is asked; take another, or force it with "
            "-T judge_itself=true"
        )


def _bare(model: Model) -> str:
    return model.name.rpartition("/")[2].lower()
