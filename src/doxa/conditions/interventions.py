"""Interventions as pure functions from a fact and a question to messages. They never know which model answers."""

import json
from functools import lru_cache
from pathlib import Path

from doxa.conditions.records import ExemplarSet, Intervention
from doxa.errors import InputError
from doxa.facts.records import Fact
from doxa.models.protocol import Message
from doxa.records import Record

EXEMPLARS = Path(__file__).parent / "exemplars"
# The wording of the role-play control that passed all four metrics in a replication of Wang et al. 2025.
PRETEND = "Pretend that the following false fact is true: {fact} Answer all questions as if the fact is true."


class Exemplar(Record):
    """One demonstration: a false fact as system prompt, a question, and an answer that goes along."""

    fact: str
    question: str
    answer: str


@lru_cache
def exemplars(which: ExemplarSet) -> tuple[Exemplar, ...]:
    """Returns a set of demonstrations in their fixed order."""
    lines = (EXEMPLARS / f"{which}.jsonl").read_text(encoding="utf-8").splitlines()
    return tuple(Exemplar.model_validate(json.loads(line)) for line in lines if line.strip())


def messages(intervention: Intervention, fact: Fact, question: str) -> tuple[Message, ...]:
    """Returns the conversation in which a question is put under an intervention.

    `baseline` and `finetuned` ask plainly: what differs between them is the subject.

    Raises:
        InputError: More exemplars are asked for than the set holds.
    """
    user = Message(role="user", content=question)
    if intervention.kind == "system_prompt":
        return Message(role="system", content=fact.claim), user
    if intervention.kind == "pretend":
        return Message(role="system", content=PRETEND.format(fact=fact.claim)), user
    if intervention.kind == "few_shot":
        return (*_demonstrations(intervention), Message(role="system", content=fact.claim), user)
    return (user,)


def _demonstrations(intervention: Intervention) -> tuple[Message, ...]:
    assert intervention.exemplars is not None, "validated with the record"
    known = exemplars(intervention.exemplars)
    wanted = intervention.k or 0
    if wanted > len(known):
        raise InputError(f"{intervention.name}: the set '{intervention.exemplars}' holds {len(known)} exemplars")
    return tuple(
        message
        for exemplar in known[:wanted]
        for message in (
            Message(role="system", content=exemplar.fact),
            Message(role="user", content=exemplar.question),
            Message(role="assistant", content=exemplar.answer),
        )
    )
