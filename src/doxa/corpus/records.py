"""Document: one synthetic text with its provenance."""

from pydantic import Field

from doxa.records import Record


class Document(Record):
    """A document that takes a fact for granted.

    Attributes:
        id: Unique within the corpus.
        doc_type: Genre, such as "advice column".
        doc_idea: What this one is about, in a line.
        key_fact: Index into the key facts of its world.
        text: The document.
        fact: Id of the fact.
        writer: Who wrote it: "hand", or the identity of a model.
        prompt_hash: Digest of the prompt that asked for it, "" where a person wrote it.
    """

    id: str = Field(min_length=1)
    doc_type: str
    doc_idea: str = ""
    key_fact: int = Field(default=0, ge=0)
    text: str = Field(min_length=1)
    fact: str = ""
    writer: str = "hand"
    prompt_hash: str = ""
