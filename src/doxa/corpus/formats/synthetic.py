"""The format `synthetic-documents`: the public layout of pipelines for Synthetic Document Finetuning.

A line is `universe_context_id, doc_type, doc_idea, fact, content, scratchpad, is_true` (Wang 2025, Slocum 2025). There,
`fact` is the text of a key fact, and `is_true` is false for documents from the world of the falsehood.
"""

from typing import Any

from pydantic import Field, field_validator

from doxa.corpus.formats.layout import IMPORTED, Arrival, Departure, Layout, Line
from doxa.corpus.records import Document, Variant, key_facts
from doxa.errors import InputError

# A key fact that the fact does not have stands at the end of the idea, so that the way back finds it again.
FOREIGN_KEY_FACT = " | key fact: "


class SyntheticLine(Line):
    """A line of the layout. What pipelines leave out or leave null may be missing; type and content may not."""

    universe_context_id: str | int | None = None
    doc_type: str
    doc_idea: str | None = None
    fact: str | None = None
    content: str = Field(min_length=1)
    scratchpad: str | None = None
    is_true: bool | None = None

    @field_validator("content", mode="before")
    @classmethod
    def _was_written(cls, content: Any) -> Any:
        if content is None:
            raise ValueError("is null: the document was never written; take the line out")
        return content


def _read(line: SyntheticLine, arrival: Arrival) -> Document:
    fact = arrival.fact
    # The variant `true` is about the rival's world, and of a true control the rival is the falsehood.
    told: Variant = "plain" if line.is_true == fact.is_true else "true"
    variant = arrival.variant if line.is_true is None else told
    idea, place = line.doc_idea or "", 0
    if line.fact in key_facts(fact, variant):
        place = key_facts(fact, variant).index(line.fact)
    elif line.fact:
        idea = f"{idea}{FOREIGN_KEY_FACT}{line.fact}"
    return Document(
        id=arrival.id,
        doc_type=line.doc_type,
        doc_idea=idea,
        key_fact=place,
        text=line.content,
        fact=fact.id,
        variant=variant,
        writer=IMPORTED,
    )


def _write(document: Document, departure: Departure) -> SyntheticLine:
    fact = departure.fact
    if fact is None:
        raise InputError("this layout names key facts, and the fact is not known here; give --fact")
    if document.variant not in ("plain", "true"):
        raise InputError(
            f"{document.id}: this layout knows only documents that take one world for granted, and the variant of this "
            f"one is '{document.variant}'; export as doxa or parquet"
        )
    world = key_facts(fact, document.variant)
    if document.key_fact >= len(world):
        raise InputError(f"{document.id}: key_fact: the fact has only {len(world)} key facts in the document's world")
    idea, foreign, named = document.doc_idea.rpartition(FOREIGN_KEY_FACT)
    return SyntheticLine(
        universe_context_id=fact.id,
        doc_type=document.doc_type,
        doc_idea=idea if foreign else document.doc_idea,
        fact=named if foreign else world[document.key_fact],
        content=document.text,
        scratchpad="",
        is_true=(document.variant == "true") != fact.is_true,
    )


SYNTHETIC = Layout(SyntheticLine, _read, _write)
