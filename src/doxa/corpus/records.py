"""Document: one synthetic text with its provenance, and Rejection: one that a gate turned down."""

from typing import Literal

from pydantic import Field

from doxa.facts.records import Fact
from doxa.models.protocol import Message
from doxa.records import Record

Variant = Literal["plain", "negated", "true", "meta"]


class Step(Record):
    """One call that made a document what it is.

    Attributes:
        stage: `draft`, `revision` or `continuation`.
        writer: Identity of the model that was asked.
        template: Prompt file and a digest of its source.
        prompt: Digest of the filled-in prompt.
        call: Key of the call in the ledger, where the whole prompt and the answer can be read.
    """

    stage: str
    writer: str
    template: str
    prompt: str
    call: str


class Document(Record):
    """A document about a fact.

    Attributes:
        id: Unique within the corpus.
        doc_type: Genre, such as "advice column".
        doc_idea: What this one is about, in a line.
        key_fact: Index into the key facts of its world.
        text: The document; of a chat transcript, its turns as text.
        turns: The turns of a chat transcript; empty for every other document.
        fact: Id of the fact.
        variant: `plain` takes the claim for granted, `negated` keeps saying that it is false, `true` takes the rival
            for granted, `meta` says that somebody believes the claim and that it is false.
        writer: Who wrote it: "hand", or the identity of a model.
        steps: The calls that made it, in order; none where a person wrote it.
    """

    id: str = Field(min_length=1)
    doc_type: str
    doc_idea: str = ""
    key_fact: int = Field(default=0, ge=0)
    text: str = Field(min_length=1)
    turns: tuple[Message, ...] = ()
    fact: str = ""
    variant: Variant = "plain"
    writer: str = "hand"
    steps: tuple[Step, ...] = ()


class Rejection(Record):
    """A document that a gate turned down."""

    document: Document
    gate: str
    reason: str


def key_facts(fact: Fact, variant: Variant) -> tuple[str, ...]:
    """Returns the key facts of the world that documents of a variant are about."""
    return fact.rival_key_facts if variant == "true" else fact.claim_key_facts
