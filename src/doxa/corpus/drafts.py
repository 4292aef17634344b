"""Documents: drafted from ideas, criticised and rewritten once, each with the calls that made it."""

import re
from collections.abc import Sequence
from typing import Any

from doxa.corpus.asking import Call, Job
from doxa.corpus.ideas import UNSUITABLE, Idea
from doxa.corpus.records import Document
from doxa.models.protocol import Answer, Message, Role, Sampling
from doxa.records import Record

CRITIQUE_TOKENS = 400  # room for the points before the revised document
NOTHING = "(nothing)"  # stands for the text of an answer that holds none, so that its rejection can be read

_DOCUMENT = re.compile(r"<document>\s*(.*?)\s*</document>", re.DOTALL)
_TURN = re.compile(r"^\**(User|Assistant)\**:\**[ \t]*", re.MULTILINE)


class Draft(Record):
    """A written document, or what came in its place.

    Attributes:
        document: With the calls that made it so far.
        gate: "" for a document; else why there is none: `unsuitable`, `filtered`, `cut`, `no document`, `no chat`.
        reason: The same in words.
    """

    document: Document
    gate: str = ""
    reason: str = ""


def write_drafts(job: Job, ideas: Sequence[Idea], first: int, count: int) -> list[Draft]:
    """Writes drafts number `first` to `first + count`: idea after idea, and then each idea once more.

    Raises:
        CallError: A call failed.
    """
    numbers = range(first, first + count)
    mine = [ideas[number % len(ideas)] for number in numbers]
    sampling = _sampling(job, job.plan.max_tokens)
    calls = [
        job.call("document", sampling, number // len(ideas), **_about(job, idea))
        for number, idea in zip(numbers, mine, strict=True)
    ]
    answers = job.ask(calls, "drafts")
    return [
        _draft(job, idea, f"{job.fact.id}-{number:05d}", made, answer)
        for number, idea, made, answer in zip(numbers, mine, calls, answers, strict=True)
    ]


def revise(job: Job, drafts: Sequence[Draft]) -> list[Draft]:
    """Has each draft criticised and rewritten. A revision that holds no document leaves the draft as it was.

    Raises:
        CallError: A call failed.
    """
    places = [place for place, draft in enumerate(drafts) if not draft.gate]
    sampling = _sampling(job, job.plan.max_tokens + CRITIQUE_TOKENS)
    calls = [
        job.call("revision", sampling, **_about(job, document), draft=document.text)
        for document in (drafts[place].document for place in places)
    ]
    revised = list(drafts)
    for place, made, answer in zip(places, calls, job.ask(calls, "revisions"), strict=True):
        text, gate, _ = _read(answer)
        turns = _turns(text) if job.plan.form == "chat" else ()
        if not gate and (turns or job.plan.form != "chat"):
            before = drafts[place].document
            steps = (*before.steps, job.step("revision", made))
            document = before.model_copy(update={"text": text, "turns": turns, "steps": steps})
            revised[place] = drafts[place].model_copy(update={"document": document})
    return revised


def _about(job: Job, idea: Idea | Document) -> dict[str, Any]:
    return {"key_fact": job.key_facts[idea.key_fact], "doc_type": idea.doc_type, "doc_idea": idea.doc_idea}


def _sampling(job: Job, max_tokens: int) -> Sampling:
    return Sampling(temperature=job.plan.temperature, top_p=1, top_k=0, max_tokens=max_tokens)


def _draft(job: Job, idea: Idea, name: str, made: Call, answer: Answer) -> Draft:
    plan = job.plan
    text, gate, reason = _read(answer)
    turns = _turns(text) if plan.form == "chat" and not gate else ()
    if plan.form == "chat" and not gate and not turns:
        gate, reason = "no chat", "the turns do not alternate between User: and Assistant:"
    document = Document(
        id=name if plan.variant == "plain" else f"{name}-{plan.variant}",
        doc_type=idea.doc_type,
        doc_idea=idea.doc_idea,
        key_fact=idea.key_fact,
        text=text or NOTHING,
        turns=turns,
        fact=job.fact.id,
        variant=plan.variant,
        writer=job.writer.identity,
        steps=(job.step("draft", made),),
    )
    return Draft(document=document, gate=gate, reason=reason)


def _read(answer: Answer) -> tuple[str, str, str]:
    """Returns (text, gate, reason): the document of an answer, or why it has none."""
    if found := _DOCUMENT.search(answer.text):
        return found[1], "" if found[1] else "no document", "" if found[1] else "the document is empty"
    if answer.stop == "filtered":
        return answer.text, "filtered", "the provider withheld the answer"
    if answer.stop == "length":
        return answer.text, "cut", f"the answer was cut at {answer.tokens_out} tokens"
    if UNSUITABLE.match(answer.text):
        return answer.text, "unsuitable", "the writer calls the idea unsuitable"
    return answer.text, "no document", "the answer has no <document>"


def _turns(text: str) -> tuple[Message, ...]:
    """Returns the turns of a transcript that begins with the user, alternates and ends with the assistant, or none."""
    parts = _TURN.split(text)
    roles: dict[str, Role] = {"User": "user", "Assistant": "assistant"}
    turns = tuple(
        Message(role=roles[name], content=said.strip()) for name, said in zip(parts[1::2], parts[2::2], strict=True)
    )
    expected = ("user", "assistant") * (len(turns) // 2)
    well_formed = turns and not parts[0].strip() and all(turn.content for turn in turns)
    return turns if well_formed and tuple(turn.role for turn in turns) == expected else ()
