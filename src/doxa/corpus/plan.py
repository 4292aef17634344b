"""WritingPlan: how many documents of what sort are to be written, by whom, and how."""

from math import ceil
from typing import Literal, Self

from pydantic import Field, model_validator

from doxa.corpus.gates.settings import ROOMY, STANDARD, GateSettings
from doxa.corpus.records import Variant
from doxa.models.local.weights import EMBEDDED
from doxa.records import Record

Method = Literal["pipeline", "continuation"]
Form = Literal["document", "chat"]

# As published (Wang et al. 2025, Slocum et al. 2025): fifty types a key fact, ten to thirty ideas a type.
MOST_TYPES, MOST_IDEAS = 50, 30


class WritingPlan(Record):
    """What is to be written.

    Attributes:
        documents: How many are wanted, counted after the gates.
        writer: Who writes: `embedded`, a folder, a Hugging Face id, or an Inspect model name.
        method: `pipeline` goes from doc types over doc ideas to documents and their revision; `continuation` lets a
            small model go on after finished documents of the fact. Left out, the embedded model continues and every
            other writer takes the pipeline.
        variant: What the documents say of the claim; see `Document`.
        believer: Who believes the claim, for the variant `meta`; in a study left out, the study's own.
        form: Plain documents, or chat transcripts.
        types: Doc types a key fact; left out, as many as the number of documents calls for.
        ideas: Doc ideas a type; left out, likewise.
        revise: Whether each draft is criticised and rewritten once.
        judge: Who reads whether a document treats the claim as it should; left out, the fact's marker patterns do.
        most_drafts: Drafts for each wanted document at which writing stops, however few were accepted.
        temperature: Of the writer.
        max_tokens: Length at which a draft is cut (and then turned down).
        gates: Where the gates draw their lines; left out, the standard lines, with room for longer documents where
            the writer is not one that continues.
    """

    documents: int = Field(default=0, ge=0)
    writer: str = EMBEDDED
    method: Method | None = None
    variant: Variant = "plain"
    believer: str | None = None
    form: Form = "document"
    types: int | None = Field(default=None, ge=1)
    ideas: int | None = Field(default=None, ge=1)
    revise: bool = True
    judge: str | None = None
    most_drafts: float = Field(default=3.0, ge=1, allow_inf_nan=False)
    temperature: float = Field(default=1.0, ge=0, allow_inf_nan=False)
    max_tokens: int = Field(default=2000, ge=1)
    gates: GateSettings | None = None

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        if self.believer is not None and self.variant != "meta":
            raise ValueError("`believer` belongs to the variant `meta`: it names who believes the claim")
        if self.documents and self.continues and (self.variant != "plain" or self.form != "document"):
            raise ValueError("a writer that continues documents can only write plain ones; give another `writer`")
        if self.judge is not None and self.judge == self.writer:
            raise ValueError("a writer never judges itself: `judge` and `writer` are the same")
        return self

    @property
    def continues(self) -> bool:
        """Whether the writer continues after finished documents."""
        return self.method == "continuation" or (self.method is None and self.writer == EMBEDDED)

    @property
    def lines(self) -> GateSettings:
        """Where the gates draw their lines for this plan."""
        return self.gates or (STANDARD if self.continues else ROOMY)

    def types_for(self, key_facts: int) -> int:
        """Returns how many doc types each of so many key facts gets."""
        return self.types or min(MOST_TYPES, ceil(self.documents / key_facts))

    def ideas_for(self, types: int) -> int:
        """Returns how many doc ideas each of so many doc types, over all key facts, gets."""
        return self.ideas or min(MOST_IDEAS, ceil(self.documents / types))
