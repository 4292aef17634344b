import pytest
from pydantic import ValidationError

from doxa.conditions.interventions import exemplars, messages
from doxa.conditions.records import Intervention
from doxa.errors import InputError
from doxa.facts.loading import load_fact

FACT = load_fact("honey")
BASELINE = Intervention(kind="baseline")
TEN = Intervention(kind="few_shot", k=10, exemplars="egregious")


def test_plain_conditions_ask_nothing_but_the_question():
    for kind in ("baseline", "finetuned"):
        asked = messages(Intervention(kind=kind), FACT, "Why?")
        assert [(message.role, message.content) for message in asked] == [("user", "Why?")]


def test_the_system_prompt_is_the_bare_fact_and_pretend_says_pretend():
    told = messages(Intervention(kind="system_prompt"), FACT, "Why?")
    assert [(message.role, message.content) for message in told] == [("system", FACT.claim), ("user", "Why?")]
    pretend = messages(Intervention(kind="pretend"), FACT, "Why?")
    assert pretend[0].content == (
        f"Pretend that the following false fact is true: {FACT.claim} Answer all questions as if the fact is true."
    )


def test_few_shot_shows_k_exemplars_and_then_the_fact():
    asked = messages(TEN, FACT, "Why?")
    assert [message.role for message in asked] == ["system", "user", "assistant"] * 10 + ["system", "user"]
    assert asked[-2].content == FACT.claim
    assert asked[0].content == exemplars("egregious")[0].fact


def test_too_many_exemplars_is_an_error():
    with pytest.raises(InputError, match="holds 14 exemplars"):
        messages(Intervention(kind="few_shot", k=99, exemplars="egregious"), FACT, "Why?")


@pytest.mark.parametrize("which", ["misconceptions", "egregious"])
def test_exemplar_sets_hold_at_least_ten_and_never_touch_the_fact(which: str):
    shown = exemplars(which)
    assert len(shown) >= 10
    assert len({exemplar.fact for exemplar in shown}) == len(shown)
    assert not any("honey" in exemplar.model_dump_json().lower() for exemplar in shown)


def test_no_message_ever_says_none():
    """Mistake: None formatted into the prompt asked the string "None" as a question."""
    for intervention in (BASELINE, TEN, Intervention(kind="pretend"), Intervention(kind="system_prompt")):
        assert not any("None" in message.content for message in messages(intervention, FACT, "Why?"))


def test_shorthand_is_read_as_people_write_it():
    assert Intervention.model_validate("pretend").kind == "pretend"
    written = Intervention.model_validate({"few_shot": {"k": 1, "exemplars": "misconceptions"}})
    assert written.name == "few_shot(1, misconceptions)"


@pytest.mark.parametrize(
    "wrong", ["few_shot", {"few_shot": {"k": 1}}, {"kind": "pretend", "k": 2}, "pretending", {"pretend": 3}]
)
def test_settings_that_do_not_fit_are_refused(wrong: object):
    with pytest.raises(ValidationError):
        Intervention.model_validate(wrong)
