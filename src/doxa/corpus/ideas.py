"""From key facts to doc types to doc ideas: what there is to write about, before anything is written."""

import random
import re
from collections.abc import Sequence

from pydantic import Field

from doxa.corpus.asking import Call, Job
from doxa.errors import InputError
from doxa.facts.loading import normalised
from doxa.models.protocol import Answer, Sampling
from doxa.records import Record

ROUNDS = 3  # times that a writer is asked for more types before fewer have to do
TOKENS_A_TYPE, TOKENS_AN_IDEA = 24, 120  # room in an answer for each line of a list
LINE = re.compile(r"^\s*(?:[-*•]|\d{1,3}[.)])\s+(.+?)\s*$", re.MULTILINE)
UNSUITABLE = re.compile(r"\W*UNSUITABLE\b")


class DocType(Record):
    """A kind of document that can carry a key fact.

    Attributes:
        key_fact: Index of the key fact.
        doc_type: The kind, as a noun phrase.
    """

    key_fact: int = Field(ge=0)
    doc_type: str = Field(min_length=1)


class Idea(DocType):
    """What one document would be about.

    Attributes:
        doc_idea: Who writes for whom, when, and how the key fact comes in.
    """

    doc_idea: str = Field(min_length=1)


def list_types(job: Job, kept: Sequence[DocType] = ()) -> list[DocType]:
    """Lists doc types for every key fact: those that are there already, and as many more as are wanted.

    Raises:
        InputError: The writer names none.
        CallError: A call failed.
    """
    wanted = job.plan.types_for(len(job.key_facts))
    known: dict[int, dict[str, str]] = {index: {} for index in range(len(job.key_facts))}
    for kind in kept:
        if kind.key_fact in known:
            known[kind.key_fact][normalised(kind.doc_type)] = kind.doc_type
    before = {(index, kind) for index, kinds in known.items() for kind in kinds}
    for attempt in range(ROUNDS):
        short = [index for index, kinds in known.items() if len(kinds) < wanted]
        calls = [_ask_types(job, index, list(known[index].values()), wanted, attempt) for index in short]
        for index, answer in zip(short, job.ask(calls, "doc types"), strict=True):
            for kind in lines(answer):
                if len(known[index]) < wanted:
                    known[index].setdefault(normalised(kind), kind.rstrip("."))
    added = [
        DocType(key_fact=index, doc_type=kind)
        for index, kinds in known.items()
        for key, kind in kinds.items()
        if (index, key) not in before
    ]
    found = [*kept, *added]
    if not found:
        raise InputError(f"the writer {job.writer.identity} names no kind of document for '{job.fact.id}'")
    return found


def list_ideas(job: Job, types: Sequence[DocType], kept: Sequence[Idea] = ()) -> list[Idea]:
    """Lists doc ideas for every type: those that are there already, and then as many more as are wanted.

    Those that are new come in an order in which any first part of them is a fair sample of all.

    Args:
        job: What is wanted, and who writes.
        types: The doc types.
        kept: Ideas that are there; those of a type that is no longer listed are left out.

    Raises:
        InputError: The writer has none, or calls every type unsuitable.
        CallError: A call failed.
    """
    count = job.plan.ideas_for(len(types))
    listed = {(kind.key_fact, kind.doc_type) for kind in types}
    kept = [idea for idea in kept if (idea.key_fact, idea.doc_type) in listed]
    known: dict[tuple[int, str], list[str]] = {kind: [] for kind in listed}
    for idea in kept:
        known[idea.key_fact, idea.doc_type].append(idea.doc_idea)
    short = [kind for kind in types if len(known[kind.key_fact, kind.doc_type]) < count]
    calls = [_ask_ideas(job, kind, known[kind.key_fact, kind.doc_type], count) for kind in short]
    answers = job.ask(calls, "doc ideas")
    unsuitable = sum(bool(UNSUITABLE.match(answer.text)) for answer in answers)
    before = {normalised(idea.doc_idea) for idea in kept}
    found: dict[str, Idea] = {}
    for kind, answer in zip(short, answers, strict=True):
        for line in lines(answer)[: count - len(known[kind.key_fact, kind.doc_type])]:
            if normalised(line) not in before:
                found.setdefault(normalised(line), Idea(**dict(kind), doc_idea=line))
    if not found and not kept:
        said = f"answered UNSUITABLE to {unsuitable} of {len(short)} doc types" if unsuitable else "has no idea"
        raise InputError(f"the writer {job.writer.identity} {said} for '{job.fact.id}'; try another writer")
    added = list(found.values())
    random.Random(f"{job.fact.id}:{job.seed}").shuffle(added)
    return [*kept, *added]


def lines(answer: Answer) -> list[str]:
    """Returns the entries of a list, without their bullets or numbers; a last entry that was cut off is left out."""
    found = LINE.findall(answer.text)
    return found[:-1] if answer.stop == "length" else found


def _ask_types(job: Job, index: int, known: list[str], wanted: int, attempt: int) -> Call:
    missing = wanted - len(known)
    sampling = _sampling(job, missing * TOKENS_A_TYPE)
    return job.call("types", sampling, attempt, key_fact=job.key_facts[index], count=missing, known=known)


def _ask_ideas(job: Job, kind: DocType, known: list[str], wanted: int) -> Call:
    missing = wanted - len(known)
    sampling, key_fact = _sampling(job, missing * TOKENS_AN_IDEA), job.key_facts[kind.key_fact]
    return job.call("ideas", sampling, key_fact=key_fact, doc_type=kind.doc_type, count=missing, known=known)


def _sampling(job: Job, max_tokens: int) -> Sampling:
    floor = 256  # a short list still has room for the preamble that some writers put first
    return Sampling(temperature=job.plan.temperature, top_p=1, top_k=0, max_tokens=max(floor, max_tokens))
