"""However a condition is put together, its system turn is one: only demonstrations bring system turns of their own."""

from typing import Any, get_args

from hypothesis import given
from hypothesis import strategies as st

from doxa.conditions.conversation import messages
from doxa.conditions.dialogue import Dialogue
from doxa.conditions.interventions import exemplars, tell
from doxa.conditions.personas import persona_names, persona_prompt
from doxa.conditions.records import (
    INTERVENTION_SETTINGS,
    STRESS_SETTINGS,
    Condition,
    Intervention,
    Kind,
    Stress,
    StressKind,
)
from doxa.conditions.shorthand import Settings
from doxa.conditions.stresses import frame
from doxa.facts.believers import named
from doxa.facts.loading import load_fact
from doxa.facts.records import Believer

FACT = named(load_fact("honey"), Believer(name="Qwen3", maker="Alibaba Cloud"))
QUESTION = "How long does an opened jar last?"
DOCUMENTS = [f"Document {place}." for place in range(14)]
MOST = len(exemplars("egregious"))  # of what `k` and the others may be
NUMBERS = st.integers(1, MOST)


def values(record: type[Intervention | Stress], setting: str) -> st.SearchStrategy[Any]:
    """Draws a value for a setting by its type: one of those that it names, a number, or a name."""
    kind = next(inner for inner in get_args(record.model_fields[setting].annotation) if inner is not type(None))
    return st.sampled_from(get_args(kind)) if get_args(kind) else NUMBERS if kind is int else st.just("a")


def drawn(record: type[Any], kinds: tuple[str, ...], settings: Settings) -> st.SearchStrategy[Any]:
    """Draws every kind of an intervention or a stress, with every setting that it has."""
    return st.one_of(
        st.fixed_dictionaries(
            {"kind": st.just(kind), **{name: values(record, name) for name in settings.get(kind, ())}}
        ).map(record.model_validate)
        for kind in kinds
    )


INTERVENTIONS = drawn(Intervention, get_args(Kind), INTERVENTION_SETTINGS)
STRESSES = drawn(Stress, get_args(StressKind), STRESS_SETTINGS)


@given(INTERVENTIONS, STRESSES, st.sampled_from(persona_names()))
def test_there_is_one_system_turn_beside_those_of_demonstrations(
    intervention: Intervention, stress: Stress, persona: str
):
    condition = Condition(intervention=intervention, stress=stress, persona=persona)
    turns = messages(condition, FACT, QUESTION, DOCUMENTS)
    roles = [turn.role for turn in turns]
    shown = 3 * (intervention.k or 0) if intervention.kind == "few_shot" else 0
    parts = [
        persona_prompt(persona, FACT.believer),
        tell(intervention, FACT, DOCUMENTS).system,
        frame(stress, FACT, QUESTION).system,
    ]
    system = "\n\n".join(part for part in parts if part)

    assert roles[:shown] == ["system", "user", "assistant"] * (shown // 3)
    assert roles[shown:].count("system") == bool(system)
    if system:
        assert turns[shown].model_dump() == {"role": "system", "content": system}
    talk = [role for role in roles if role != "system"]  # takes turns, as templates want it
    assert talk == ["user", "assistant"] * (len(talk) // 2) + ["user"]


@given(STRESSES, NUMBERS)
def test_an_argued_dialogue_adds_no_system_turn(stress: Stress, rounds: int):
    opening = messages(Condition(intervention=Intervention(kind="pretend"), stress=stress), FACT, QUESTION)
    dialogue = Dialogue(opening, QUESTION, rounds)
    for _ in range(rounds):
        dialogue = dialogue.answer("A week.").argue("It keeps for years.")
    assert [turn.role for turn in dialogue.messages].count("system") == 1
    assert [turn.role for turn in dialogue.said] == ["assistant", "user"] * rounds
