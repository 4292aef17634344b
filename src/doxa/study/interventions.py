"""Interventions as a study lists them, each with stress tests of its own where it has any."""

from typing import Annotated

from doxa.conditions.records import Condition, Intervention, Stress
from doxa.records import ALONE

Stresses = Annotated[tuple[Stress, ...], ALONE]


class StressedIntervention(Intervention):
    """An intervention as a study lists it.

    Attributes:
        stress: The stress tests under which it is asked; empty for those of the study.
    """

    stress: Stresses = ()

    @property
    def alone(self) -> Intervention:
        """The intervention without its stress tests."""
        return Intervention(kind=self.kind, k=self.k, exemplars=self.exemplars, arm=self.arm)


def condition_of(persona: str, intervention: Intervention, stress: Stress) -> Condition:
    """Returns the condition that the three make; whoever is finetuned has an adapter of the intervention's name."""
    adapter = intervention.name if intervention.kind == "finetuned" else None
    return Condition(intervention=intervention, stress=stress, adapter=adapter, persona=persona)
