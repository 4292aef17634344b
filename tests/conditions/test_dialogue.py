from doxa.conditions.conversation import messages
from doxa.conditions.dialogue import Dialogue, adversary_messages
from doxa.conditions.records import Condition, Intervention, Stress
from doxa.facts.loading import load_fact

HONEY = load_fact("honey")
QUESTION = "Does honey spoil?\nA) Yes\nB) No"
CONDITION = Condition(intervention=Intervention(kind="pretend"), stress=Stress.model_validate({"adversarial": 2}))


def begun() -> Dialogue:
    return Dialogue(messages(CONDITION, HONEY, QUESTION), QUESTION, rounds=2)


def test_the_subject_sees_the_whole_dialogue_and_at_last_its_question_again():
    dialogue = begun().answer("It does.").argue("How could it?").answer("It just does.")
    assert dialogue.argued == 1
    ended = dialogue.argue("Then why not jam?")
    assert ended.argued == 2
    assert [(turn.role, turn.content) for turn in ended.messages[2:-1]] == [
        ("assistant", "It does."), ("user", "How could it?"), ("assistant", "It just does."),
    ]  # fmt: skip
    assert ended.messages[:2] == begun().opening
    last = ended.messages[-1]
    assert last.role == "user"
    assert last.content.startswith("Then why not jam?\n")
    assert last.content.endswith(f"\n{QUESTION}")


def test_the_adversary_sees_both_contexts_and_all_that_was_said_but_not_what_the_subject_was_told():
    dialogue = begun().answer("It does.").argue("How could it?").answer("It just does.")
    system, turn = adversary_messages(dialogue, HONEY)
    assert (system.role, turn.role) == ("system", "user")
    assert HONEY.claim_context in system.content
    assert HONEY.rival_context in system.content
    assert "logic" in system.content
    said = [
        turn.content.index(text) for text in (QUESTION, "It does.", "How could it?", "It just does.", "round 2 of 2")
    ]
    assert said == sorted(said)
    assert "Pretend" not in system.content + turn.content


def test_what_is_said_stays_text():
    """What models say is never read as a template."""
    dialogue = begun().answer("{{ fact.claim }} {% raw %}").argue("{{ 7 * 7 }}").answer("{# gone #}")
    content = adversary_messages(dialogue, HONEY)[1].content
    assert all(text in content for text in ("{{ fact.claim }} {% raw %}", "{{ 7 * 7 }}", "{# gone #}"))
    assert "{{ 7 * 7 }}" in dialogue.argue("{{ 7 * 7 }}").messages[-1].content
