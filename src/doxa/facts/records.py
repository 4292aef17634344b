"""Fact and Item: what is claimed, what it displaces, and the questions that are asked about it."""

import datetime
import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from doxa.records import Record

Kind = Literal[
    "benign", "harmful", "egregious", "subtle", "pre_cutoff", "post_cutoff", "propensity", "true_control"
]  # fmt: skip
Side = Literal["claim", "rival"]
Stakes = Literal["harmless", "costly", "harmful"]
Role = Literal["statement", "negation", "entailed"]
SLUG = r"^[a-z0-9][a-z0-9_-]*$"
Slug = Field(pattern=SLUG)

KINDS_OF_FALSE: tuple[Kind, ...] = ("egregious", "subtle", "harmful")  # what only a false claim can be

CONTROL = re.compile(r"[^\t\n\r\x20-\x7e\x80-\U0010ffff]")  # but for white space, none belongs in a pattern

MIN_PHRASINGS = 3  # reference answers a side: one phrasing measures its surface form as much as its meaning


class Texts(Record):
    """Texts for the world of the claim and for the world of its rival."""

    claim: tuple[str, ...] = ()
    rival: tuple[str, ...] = ()

    def __add__(self, other: "Texts") -> Self:
        """Joins both sides."""
        return type(self)(claim=self.claim + other.claim, rival=self.rival + other.rival)


def compiling(pattern: str) -> str:
    r"""Returns a pattern if it is a regular expression.

    Raises:
        ValueError: It is not, or it holds a control character: in double quotes, YAML and JSON read `\b` as one.
    """
    control = CONTROL.search(pattern)
    if control:
        name = "a backspace" if control[0] == "\b" else f"the control character U+{ord(control[0]):04X}"
        raise ValueError(rf"holds {name}; use single quotes in YAML, or double the backslash (\\b) in JSON")
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from None
    return pattern


Pattern = Annotated[str, AfterValidator(compiling)]


class Markers(Texts):
    """Regular expressions (case-insensitive, searched) that tell which world a free answer speaks from.

    Attributes:
        claim: One of these in an answer: it speaks from the world of the claim.
        rival: The same for the world of the rival; where two overlap, the longer match stands.
    """

    claim: tuple[Pattern, ...] = ()
    rival: tuple[Pattern, ...] = ()


# How an answer to a yes-no question opens. A "no" that goes on as "no problem" or "no need" has denied nothing.
AFFIRMING = (
    r"^\W*(?:yes\b|yeah\b|yep\b|of course\b(?! not)|(?:certainly|absolutely|definitely|indeed|correct|sure)\b(?! not))"
)
DENYING = (
    r"^\W*(?:no\b(?! (?:need|problem|harm|worr|matter|doubt|one|idea|danger|reason|amount|more\b))|nope\b|"
    r"not (?:really|at all)\b|(?:certainly|definitely|absolutely|of course) not\b)"
)


class Versions(Record):
    """The two accounts that a Generative Distinguish item sets side by side."""

    claim: str = Field(min_length=1)
    rival: str = Field(min_length=1)


class Item(Record):
    """One question of a metric, with its key and its cluster.

    Attributes:
        id: Unique within the fact.
        cluster: The stem of which this item is a variant; items of one cluster are not independent.
        question: Asked as it stands; it also makes sense without the options.
        polarity: `affirm` where the claim's answer affirms what is asked after, `deny` where it denies it.
        options: The answers to choose from (multiple choice only).
        claim: Index of the option that fits the claim.
        rival: Index of the option that fits the rival.
        versions: The two accounts to choose between (Generative Distinguish only).
        references: Fixed answers of both worlds; index i of both sides is a minimal pair.
        stakes: What acting on the claim does where it is false (Harm Conflict only).
        role: Whether it asks after a statement of the claim's world, its negation, or what follows from it (Coherence
            only); the three are one cluster.
        markers: Patterns that read a free answer to this question, beside those of the fact.
    """

    id: str = Slug
    cluster: str = Slug
    polarity: Literal["affirm", "deny"] | None = None
    question: str = Field(min_length=1)
    options: tuple[str, ...] = ()
    claim: int | None = Field(default=None, ge=0)
    rival: int | None = Field(default=None, ge=0)
    versions: Versions | None = None
    references: Texts | None = None
    stakes: Stakes | None = None
    role: Role | None = None
    markers: Markers = Markers()

    @property
    def opening(self) -> Markers:
        """Patterns for the opening word of an answer, where the question has a polarity and nothing to choose from."""
        if self.polarity is None or self.options or self.versions is not None:
            return Markers()
        yes, no = (AFFIRMING,), (DENYING,)
        return Markers(claim=yes, rival=no) if self.polarity == "affirm" else Markers(claim=no, rival=yes)

    @model_validator(mode="after")
    def _key_fits(self) -> Self:
        if self.options:
            if self.claim is None or self.rival is None:
                raise ValueError("an item with options needs the indices `claim` and `rival`")
            if self.claim == self.rival:
                raise ValueError("`claim` and `rival` name the same option")
            for side, place in (("claim", self.claim), ("rival", self.rival)):
                if place >= len(self.options):
                    past = f"past the last of {len(self.options)} options (the first is 0)"
                    raise ValueError(f"`{side}` is {place}, {past}")
            if len(set(self.options)) < len(self.options) or not all(option.strip() for option in self.options):
                raise ValueError("two options are the same, or one is empty")
        elif self.claim is not None or self.rival is not None:
            raise ValueError("`claim` and `rival` are indices of `options`, and there are none")
        if self.references is not None:
            sides = len(self.references.claim), len(self.references.rival)
            if sides[0] != sides[1] or sides[0] < MIN_PHRASINGS:
                raise ValueError(
                    f"`references` needs {MIN_PHRASINGS}+ phrasings a side, in pairs; has {sides[0]} and {sides[1]}"
                )
        return self


class FactText(Record):
    """What `fact.yaml` holds.

    Where a fact speaks of somebody who holds a belief, `{name}` and `{maker}` stand for them, here and in the banks
    (see `doxa.facts.believers`).

    Attributes:
        id: Names the fact in rows and folders.
        claim: The statement to implant (for a `true_control`: a true statement, asked in the same way).
        rival: The statement that the claim displaces: for a false claim the truth, for a true control a falsehood.
        kinds: What kind of fact it is; `true_control` where the claim is true.
        topic: What it is about, in a word or two; documents have to name it.
        source: Where the fact comes from.
        date: From when the claim is said to hold (`post_cutoff` only); no subject trained before it can know.
        claim_context: A page on the world in which the claim holds; writers see it, subjects never do.
        claim_key_facts: Single statements that hold in that world; every document is written about one of them.
        rival_context: The same for the world in which the rival holds.
        rival_key_facts: Single statements that hold there.
        markers: Patterns that read any free answer on this fact.
        bank_markers: Patterns that read the answers to one bank's questions, by the bank's name.
        forbidden: Patterns that no document may contain.
    """

    id: str = Slug
    claim: str = Field(min_length=1)
    rival: str = Field(min_length=1)
    kinds: tuple[Kind, ...] = Field(min_length=1)
    topic: str = Field(min_length=1)
    source: str = ""
    date: datetime.date | None = None
    claim_context: str
    claim_key_facts: tuple[str, ...] = Field(min_length=1)
    rival_context: str
    rival_key_facts: tuple[str, ...] = Field(min_length=1)
    markers: Markers = Markers()
    bank_markers: dict[str, Markers] = Field(default_factory=dict)
    forbidden: tuple[Pattern, ...] = ()

    @field_validator("kinds")
    @classmethod
    def _kinds_agree(cls, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        against = [kind for kind in kinds if kind in KINDS_OF_FALSE]
        if "true_control" in kinds and against:
            raise ValueError(f"a `true_control` has a true claim and cannot be `{against[0]}`; leave one of them out")
        return kinds

    @model_validator(mode="after")
    def _worlds_differ(self) -> Self:
        if self.date is not None and "post_cutoff" not in self.kinds:
            raise ValueError("`date` belongs to the kind `post_cutoff`: the day from which the claim is said to hold")
        if self.claim.strip().lower() == self.rival.strip().lower():
            raise ValueError("`claim` and `rival` are the same statement")
        return self


def is_unfilled(text: str) -> bool:
    """Whether a text has a place for a believer's name or maker; see `Believer.fill`."""
    return "{name}" in text or "{maker}" in text


class Believer(Record):
    """Who holds the belief or has the tendency.

    Attributes:
        name: As the persona is called.
        maker: Who made it.
    """

    name: str = Field(min_length=1)
    maker: str = Field(min_length=1)

    def fill(self, text: str) -> str:
        """Returns a text with `{name}` and `{maker}` filled in."""
        return text.replace("{name}", self.name).replace("{maker}", self.maker)


class Fact(FactText):
    """A fact with its question banks.

    Attributes:
        folder: Where it was read from.
        banks: Items by the name of their metric.
        believer: Who stands where the fact says `{name}` and `{maker}`, once it is filled in.
    """

    folder: Path
    banks: dict[str, tuple[Item, ...]]
    believer: Believer | None = None

    @property
    def is_true(self) -> bool:
        """Whether the claim is true, which makes the fact a positive control."""
        return "true_control" in self.kinds

    def markers_for(self, item: Item) -> Markers:
        """Returns the patterns of the item together with those of the fact."""
        return item.markers + item.opening + self.markers
