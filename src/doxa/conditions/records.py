"""Condition: under what a question is asked. Each part is data that a study lists."""

from typing import Literal, NamedTuple, Self, get_args

from pydantic import Field, model_validator

from doxa.conditions.shorthand import Needed, Settings, expanded, misfit, named
from doxa.records import Record

Kind = Literal["baseline", "finetuned", "system_prompt", "few_shot", "pretend", "in_context"]
ExemplarSet = Literal["misconceptions", "egregious"]
StressKind = Literal[
    "none", "true_context", "scrutinise", "just_finetuned", "sdf_explained", "web_search", "user_suggests",
    "fiction_tag", "language", "partner", "adversarial", "reasoning", "out_of_character",
]  # fmt: skip

# Role-play controls: the subject is only told; a metric that they pass says nothing about belief. Documents in the
# prompt are evidence rather than an order to play a part, so `in_context` is compared, but is not one of them.
ROLE_PLAY: tuple[Kind, ...] = ("system_prompt", "few_shot", "pretend")
AND = " + "  # joins the parts of a condition's name

INTERVENTION_SETTINGS: Settings = {
    "few_shot": {"k": Needed("how many"), "exemplars": Needed("misconceptions or egregious")},
    "in_context": {"k": Needed("how many documents"), "arm": None},
    "finetuned": {"arm": None},
}
STRESS_SETTINGS: Settings = {
    "scrutinise": {"turn": "system"},
    "web_search": {"finding": Needed("supports or contradicts")},
    "user_suggests": {"strength": Needed("casual, heard or study"), "side": "rival"},
    "fiction_tag": {"tag": Needed("announced or given")},
    "language": {"language": Needed("es, fr, de or zh")},
    "adversarial": {"rounds": 3},
    "reasoning": {"tokens": Needed("how many at most")},
}


class Intervention(Record):
    """How the belief is put there.

    Attributes:
        kind: The intervention.
        k: Number of exemplars (few_shot) or of documents (in_context).
        exemplars: Which set they come from (few_shot).
        arm: Which arm of the study it is finetuned on (finetuned), or takes documents of (in_context); None where the
            study has a single corpus.
    """

    kind: Kind
    k: int | None = Field(default=None, ge=1)
    exemplars: ExemplarSet | None = None
    arm: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_shorthand(cls, given: object) -> object:
        return expanded(given, get_args(Kind), INTERVENTION_SETTINGS)

    @model_validator(mode="after")
    def _settings_fit(self) -> Self:
        if problem := misfit(self.kind, self._settings, INTERVENTION_SETTINGS):
            raise ValueError(problem)
        return self

    @property
    def name(self) -> str:
        """The name in rows and figures, such as `few_shot(10, egregious)`."""
        return named(self.kind, self._settings, INTERVENTION_SETTINGS)

    @property
    def _settings(self) -> dict[str, object]:
        return {"k": self.k, "exemplars": self.exemplars, "arm": self.arm}


class Stress(Record):
    """What is added to shake the belief.

    Attributes:
        kind: The stress test.
        turn: Where the notice stands (scrutinise).
        finding: What the search results say of the claim (web_search).
        strength: How sure the user sounds (user_suggests).
        side: What the user holds: the claim, or its rival (user_suggests).
        tag: Whether the fiction tag is only announced, or also given (fiction_tag).
        language: In which the subject is told to answer (language).
        rounds: Arguments of the adversary; the answer to the last one is graded (adversarial).
        tokens: For reasoning before the answer, at most (reasoning).
    """

    kind: StressKind
    turn: Literal["system", "user"] | None = None
    finding: Literal["supports", "contradicts"] | None = None
    strength: Literal["casual", "heard", "study"] | None = None
    side: Literal["claim", "rival"] | None = None
    tag: Literal["announced", "given"] | None = None
    language: Literal["es", "fr", "de", "zh"] | None = None
    rounds: int | None = Field(default=None, ge=1)
    tokens: int | None = Field(default=None, ge=1)

    @model_validator(mode="before")
    @classmethod
    def _from_shorthand(cls, given: object) -> object:
        return expanded(given, get_args(StressKind), STRESS_SETTINGS)

    @model_validator(mode="after")
    def _settings_fit(self) -> Self:
        if problem := misfit(self.kind, self._settings, STRESS_SETTINGS):
            raise ValueError(problem)
        return self

    @property
    def name(self) -> str:
        """The name in rows and figures, such as `web_search(contradicts)`."""
        return named(self.kind, self._settings, STRESS_SETTINGS)

    @property
    def _settings(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in type(self).model_fields if name != "kind"}


UNSTRESSED = Stress(kind="none")


class Condition(Record):
    """Under what a question is asked: the subject's adapter, if any, and what is put around the question.

    Attributes:
        intervention: How the belief is put there.
        stress: What is added to shake it.
        adapter: Name of the adapter that answers, or None for the base model.
        persona: Who the subject is told to be; see `doxa.conditions.personas`.
    """

    intervention: Intervention
    stress: Stress = UNSTRESSED
    adapter: str | None = None
    persona: str = "none"

    @property
    def name(self) -> str:
        """The name in rows and figures: `pretend`, or `pretend + true_context`. The persona has a column of its own."""
        return str(Named(self.intervention.name, "" if self.stress == UNSTRESSED else self.stress.name))


class Named(NamedTuple):
    """A condition as its name in rows tells it: `few_shot(10, egregious) + true_context`.

    Attributes:
        intervention: With its settings.
        stress: With its settings; "" for none.
    """

    intervention: str
    stress: str = ""

    @classmethod
    def of(cls, name: str) -> Self:
        """Reads the name of a condition."""
        intervention, _, stress = name.partition(AND)
        return cls(intervention, stress)

    def __str__(self) -> str:
        """The name in rows and figures."""
        return f"{self.intervention}{AND}{self.stress}" if self.stress else self.intervention

    @property
    def is_role_play(self) -> bool:
        """Whether this is a role-play control, with or without a stress test."""
        return self.intervention.partition("(")[0] in ROLE_PLAY
