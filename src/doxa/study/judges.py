"""The judges of a study: who they are, and what they make of sampled answers."""

from collections.abc import Sequence
from typing import NamedTuple

from doxa.errors import InputError
from doxa.metrics.judging import judge_request, orders_shown, read_judgement
from doxa.metrics.panel import panel_verdict
from doxa.metrics.records import Reading, Verdict, of_verdict
from doxa.models.opening import open_model
from doxa.models.protocol import Answer, Model
from doxa.study.answering import Asking
from doxa.study.planning import Cell
from doxa.study.records import Study

JUDGE_PROMPT = "judge prompt"  # what a run notes of its judges, beside their identities


class Ruling(NamedTuple):
    """What one row says of one judged answer.

    Attributes:
        judge: See `doxa.metrics.records.Row`.
        votes: Judge by judge, and of each judge order by order.
        calls: Ledger keys of the judgements, in the order of the votes.
    """

    judge: str
    reading: Reading
    votes: tuple[Verdict, ...]
    calls: tuple[str, ...]


def judge_key(name: str) -> str:
    """Returns under which key a run notes the identity of a judge."""
    return f"judge ({name})"


def open_judges(study: Study, subject: Model) -> list[Model]:
    """Opens the judges of a study, in its order; none where nothing is judged.

    Raises:
        InputError: One of them is the subject, and that was not asked for.
        MissingError: See `doxa.models.opening.open_model`.
    """
    if "judged" not in study.readouts:
        return []
    judges = [subject if name == study.subject else open_model(name) for name in study.judge]
    for name, judge in zip(study.judge, judges, strict=True):
        if judge.identity == subject.identity and not study.judge_itself:
            raise InputError(
                f"a model never judges itself: '{name}' is the subject; take another, or force it with "
                "`judge_itself: true`"
            )
    return judges


def judge_answers(answers: Sequence[tuple[Cell, Answer]], asking: Asking, label: str) -> list[list[Ruling]]:
    """Returns the rulings on each answer, in their order: one by all judges together, or one by each.

    Args:
        answers: What is judged, with the cell that it answers.
        asking: Has the judges, and says how they are asked.
        label: Names the subject in the progress shown.
    """
    study = asking.study
    orders = [orders_shown(cell.item.id, cell.sample, study.both_orders) for cell, _ in answers]
    requests = [
        judge_request(cell.fact, cell.item.question, answer.text, claim_first, metric=cell.metric)
        for (cell, answer), shown in zip(answers, orders, strict=True)
        for claim_first in shown
    ]
    every: list[list[Ruling]] = [[] for _ in answers]
    if not requests:
        return every
    for name, judge in zip(study.judge, asking.judges, strict=True):
        with asking.progress.stage(f"judging answers ({label}) by {name}", len(requests)) as advance:
            judgements = iter(judge.generate(requests, advance))
        keys = iter(judge.keys("generate", requests))
        for rulings, shown in zip(every, orders, strict=True):
            votes: tuple[Verdict, ...] = tuple(
                read_judgement(next(judgements), claim_first).verdict for claim_first in shown
            )
            rulings.append(ruling(name, votes, tuple(next(keys) for _ in shown), study))
    return [_decided(rulings, study) for rulings in every]


def ruling(judge: str, votes: tuple[Verdict, ...], calls: tuple[str, ...], study: Study) -> Ruling:
    """Returns the ruling that votes make."""
    return Ruling(judge, of_verdict(panel_verdict(votes, 2 if study.both_orders else 1)), votes, calls)


def _decided(rulings: list[Ruling], study: Study) -> list[Ruling]:
    """Returns the rulings of each judge as they are, or what they make together."""
    if study.judged_by == study.judge:
        return rulings
    (name,) = study.judged_by
    votes: tuple[Verdict, ...] = tuple(vote for one in rulings for vote in one.votes)
    return [ruling(name, votes, tuple(call for one in rulings for call in one.calls), study)]
