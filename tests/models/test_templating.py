"""Chat templates of each kind that is about, and what becomes of the system turns that demonstrations bring."""

from typing import Any

import jinja2
import pytest

from doxa.conditions.conversation import messages
from doxa.conditions.records import Condition
from doxa.errors import InputError
from doxa.facts.loading import load_fact
from doxa.models.local.templating import templated

HONEY = load_fact("honey")
TURNS = "{% for turn in messages %}<{{ turn.role }}>{{ turn.content | trim }}{% endfor %}"
TALK = "{% for turn in messages if turn.role != 'system' %}<{{ turn.role }}>{{ turn.content }}{% endfor %}"
SYSTEM = "messages | selectattr('role', 'equalto', 'system') | map(attribute='content')"
HEAD = "{{ " + SYSTEM + " | join(' ') }}" + TALK
LAST = "{{ " + SYSTEM + " | list | last }}" + TALK
FIRST = "{{ " + SYSTEM + " | first | default('') }}" + TALK


class Tokenizer:
    """Renders a chat template as a tokenizer does; a token is a character."""

    def __init__(self, template: str) -> None:
        self.get_chat_template = lambda: template
        self._template = jinja2.Environment().from_string(template)

    def apply_chat_template(self, turns: list[dict[str, str]], tokenize: bool = True, **_: Any) -> Any:
        text = self._template.render(messages=turns)
        return [ord(character) for character in text] if tokenize else text


def read(template: str, intervention: object) -> str:
    conversation = messages(Condition.model_validate({"intervention": intervention}), HONEY, "Why?")
    return "".join(map(chr, templated(Tokenizer(template), conversation, "some-model")))


FEW_SHOT = {"few_shot": {"k": 2, "exemplars": "egregious"}}


@pytest.mark.parametrize("template", [TURNS, HEAD])
def test_every_system_turn_reaches_the_model(template: str):
    text = read(template, FEW_SHOT)
    assert HONEY.claim in text
    assert text.count("<user>") == 3


@pytest.mark.parametrize(("template", "lost"), [(LAST, 1), (FIRST, 2)])
def test_a_template_that_would_lose_a_system_turn_is_refused(template: str, lost: int):
    """Else the subject of the control is never told the claim, and the metric looks better than it is."""
    with pytest.raises(InputError) as caught:
        read(template, FEW_SHOT)
    assert str(caught.value) == (
        "the chat template of some-model cannot take these turns (system, user, assistant, system ...): "
        f"it leaves out system turn {lost} of 3"
    )


@pytest.mark.parametrize("template", [TURNS, HEAD, LAST, FIRST])
def test_one_system_turn_is_as_good_as_any_template(template: str):
    assert HONEY.claim in read(template, "pretend")
    assert read(template, "baseline").endswith("<user>Why?")
