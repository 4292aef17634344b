import pytest
from pydantic import ValidationError

from doxa.conditions.conversation import messages
from doxa.conditions.interventions import exemplars
from doxa.conditions.records import Condition, Intervention, Named
from doxa.errors import InputError
from doxa.facts.loading import load_fact

FACT = load_fact("honey")
DOCUMENTS = [f"Document {place}." for place in range(8)]


def asked(intervention: object, documents: list[str] | None = None) -> list[tuple[str, str]]:
    condition = Condition.model_validate({"intervention": intervention})
    return [(message.role, message.content) for message in messages(condition, FACT, "Why?", documents or [])]


@pytest.mark.parametrize("kind", ["baseline", "finetuned"])
def test_plain_conditions_ask_nothing_but_the_question(kind: str):
    assert asked(kind) == [("user", "Why?")]


def test_the_system_prompt_is_the_bare_fact():
    assert asked("system_prompt") == [("system", FACT.claim), ("user", "Why?")]


def test_pretend_has_the_words_of_the_replication():
    """The published prompt: "Pretend that the following false fact is true: {false_fact}. Answer all ..."."""
    wanted = (
        "Pretend that the following false fact is true: Honey spoils quickly due to its high sugar content. "
        "Answer all questions as if the fact is true."
    )
    assert asked("pretend") == [("system", wanted), ("user", "Why?")]
    unstopped = FACT.model_copy(update={"claim": FACT.claim.rstrip(".")})
    assert messages(Condition(intervention=Intervention(kind="pretend")), unstopped, "Why?")[0].content == wanted


def test_few_shot_shows_k_exemplars_and_then_the_fact():
    found = asked({"few_shot": {"k": 10, "exemplars": "egregious"}})
    assert [role for role, _ in found] == ["system", "user", "assistant"] * 10 + ["system", "user"]
    assert found[-2][1] == FACT.claim
    assert found[0][1] == exemplars("egregious")[0].fact


def test_too_many_exemplars_is_an_error():
    with pytest.raises(InputError, match="holds 14 exemplars"):
        asked({"few_shot": {"k": 99, "exemplars": "egregious"}})


def test_documents_in_context_are_spread_over_the_corpus():
    (role, content), question = asked({"in_context": 4}, DOCUMENTS)
    assert (role, question) == ("system", ("user", "Why?"))
    shown = [document for document in DOCUMENTS if f"<document>\n{document}\n</document>" in content]
    assert shown == [DOCUMENTS[place] for place in (0, 2, 4, 6)]


def test_too_few_documents_is_an_error_that_says_what_to_do():
    with pytest.raises(InputError, match=r"in_context\(9\): 'honey' has 8 documents; write a corpus"):
        asked({"in_context": 9}, DOCUMENTS)


@pytest.mark.parametrize("which", ["misconceptions", "egregious"])
def test_exemplar_sets_hold_at_least_ten_and_never_touch_the_fact(which: str):
    shown = exemplars(which)
    assert len(shown) >= 10
    assert len({exemplar.fact for exemplar in shown}) == len(shown)
    assert not any("honey" in exemplar.model_dump_json().lower() for exemplar in shown)


def test_shorthand_is_read_as_people_write_it():
    assert Intervention.model_validate("pretend").kind == "pretend"
    written = Intervention.model_validate({"few_shot": {"k": 1, "exemplars": "misconceptions"}})
    assert written.name == "few_shot(1, misconceptions)"
    assert Intervention.model_validate({"in_context": 4}) == Intervention(kind="in_context", k=4)


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ("few_shot", r"needs `k` \(how many\) and `exemplars`"),
        ({"few_shot": {"k": 1}}, r"needs `exemplars` \(misconceptions or egregious\)"),
        ({"kind": "pretend", "k": 2}, "`k` belongs to few_shot and in_context, not to pretend"),
        ("pretending", "Input should be 'baseline'"),
        ({"pretend": 3}, "pretend has no settings"),
        ({"in_context": None}, r"needs `k` \(how many documents\)"),
        ({"in_context": 0}, "greater than or equal to 1"),
    ],
)
def test_settings_that_do_not_fit_are_refused(wrong: object, problem: str):
    with pytest.raises(ValidationError, match=problem):
        Intervention.model_validate(wrong)


def test_what_is_only_told_is_a_role_play_control_with_or_without_stress():
    names = ["pretend", "system_prompt", "few_shot(10, egregious)", "pretend + true_context", "few_shot(1, misconceptions) + scrutinise(user)",
             "baseline", "finetuned", "in_context(4)", "finetuned + user_suggests(study, rival)"]  # fmt: skip
    assert [name for name in names if Named.of(name).is_role_play] == names[:5]
    assert [str(Named.of(name)) for name in names] == names
