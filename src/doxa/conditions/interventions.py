"""Interventions: what each of them tells the subject, as pure functions. They never know which model answers."""

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from doxa.conditions.records import ExemplarSet, Intervention
from doxa.errors import InputError
from doxa.facts.records import Fact
from doxa.models.protocol import Message
from doxa.prompting import Prompts
from doxa.records import Record

EXEMPLARS = Path(__file__).parent / "exemplars"
PROMPTS = Prompts(Path(__file__).parent / "prompts")


class Exemplar(Record):
    """One demonstration: a false fact as system prompt, a question, and an answer that goes along."""

    fact: str
    question: str
    answer: str


class Told(NamedTuple):
    """What an intervention puts before the question.

    Attributes:
        demonstrations: Turns of their own, system turns among them.
        system: Its part of the system turn under which the question is asked; "" for none.
    """

    demonstrations: tuple[Message, ...] = ()
    system: str = ""


@lru_cache
def exemplars(which: ExemplarSet) -> tuple[Exemplar, ...]:
    """Returns a set of demonstrations in their fixed order."""
    lines = (EXEMPLARS / f"{which}.jsonl").read_text(encoding="utf-8").splitlines()
    return tuple(Exemplar.model_validate(json.loads(line)) for line in lines if line.strip())


def tell(intervention: Intervention, fact: Fact, documents: Sequence[str] = ()) -> Told:
    """Returns what an intervention tells the subject.

    `baseline` and `finetuned` tell nothing: what differs between them is the subject.

    Args:
        intervention: How the belief is put there.
        fact: The fact.
        documents: Texts that take the claim for granted, for `in_context`.

    Raises:
        InputError: More exemplars or documents are asked for than there are.
    """
    if intervention.kind == "system_prompt":
        return Told(system=fact.claim)
    if intervention.kind == "pretend":
        return Told(system=PROMPTS.render("pretend", fact=fact).text)
    if intervention.kind == "few_shot":
        return Told(_demonstrations(intervention), fact.claim)
    if intervention.kind == "in_context":
        shown = shown_documents(intervention, fact, documents)
        return Told(system=PROMPTS.render("in_context", documents=shown).text.rstrip())
    return Told()


def shown_documents(intervention: Intervention, fact: Fact, documents: Sequence[str]) -> list[str]:
    """Returns the k documents that stand in the prompt, evenly spaced, since neighbours in a corpus are alike.

    Raises:
        InputError: There are fewer than k.
    """
    count = intervention.k or 0
    if count > len(documents):
        raise InputError(
            f"{intervention.name}: '{fact.id}' has {len(documents)} documents; write a corpus for it (`doxa write`, or "
            "`documents:` under `corpus:`), or give a finished one as its `folder`"
        )
    return [documents[place * len(documents) // count] for place in range(count)]


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
