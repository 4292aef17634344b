"""Condition: under what a question is asked."""

from typing import Literal, Self

from pydantic import Field, model_validator

from doxa.records import Record

Kind = Literal["baseline", "finetuned", "system_prompt", "few_shot", "pretend"]
ExemplarSet = Literal["misconceptions", "egregious"]

# Role-play controls: the subject is only told; a metric that they pass says nothing about belief.
ROLE_PLAY: tuple[Kind, ...] = ("system_prompt", "few_shot", "pretend")


class Intervention(Record):
    """How the belief is put there.

    Attributes:
        kind: The intervention.
        k: Number of exemplars (few_shot only).
        exemplars: Which set they come from (few_shot only).
    """

    kind: Kind
    k: int | None = Field(default=None, ge=1)
    exemplars: ExemplarSet | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_shorthand(cls, given: object) -> object:
        """Accepts `pretend` and `{few_shot: {k: 10, exemplars: egregious}}` as people write them in a study."""
        if isinstance(given, str):
            return {"kind": given}
        if isinstance(given, dict) and len(given) == 1 and "kind" not in given:
            (kind, settings), *_ = given.items()
            if not isinstance(settings, dict):
                raise ValueError(f"the settings of {kind} must be a mapping, such as {{k: 10, exemplars: egregious}}")
            return {"kind": kind, **settings}
        return given

    @model_validator(mode="after")
    def _settings_fit(self) -> Self:
        few_shot = self.kind == "few_shot"
        if few_shot and (self.k is None or self.exemplars is None):
            raise ValueError("few_shot needs `k` and `exemplars` (misconceptions or egregious)")
        if not few_shot and (self.k is not None or self.exemplars is not None):
            raise ValueError(f"`k` and `exemplars` belong to few_shot, not to {self.kind}")
        return self

    @property
    def name(self) -> str:
        """The name in rows and figures, such as `few_shot(10, egregious)`."""
        return f"few_shot({self.k}, {self.exemplars})" if self.kind == "few_shot" else self.kind


class Condition(Record):
    """Under what a question is asked: the subject's adapter, if any, and what is put before the question.

    Attributes:
        intervention: How the belief is put there.
        adapter: Name of the adapter that answers, or None for the base model.
    """

    intervention: Intervention
    adapter: str | None = None

    @property
    def name(self) -> str:
        """The name in rows and figures."""
        return self.intervention.name
