"""Stress tests: what each of them adds around a question, as pure functions."""

from pathlib import Path
from typing import Literal, NamedTuple

from doxa.conditions.reasoning import MARKER, words_for
from doxa.conditions.records import Stress, StressKind
from doxa.facts.records import Fact
from doxa.models.protocol import Message
from doxa.prompting import Prompts

PROMPTS = Prompts(Path(__file__).parent / "prompts")
Place = Literal["nowhere", "system", "before", "after", "turns"]

# Where a stress speaks: in the system turn, in the user's turn before or after the question, or in turns of its own.
# An adversary speaks later, in turns that `doxa.conditions.dialogue` adds.
PLACES: dict[StressKind, Place] = {
    "none": "nowhere",
    "adversarial": "nowhere",
    "true_context": "system",
    "scrutinise": "system",
    "just_finetuned": "system",
    "sdf_explained": "system",
    "fiction_tag": "system",
    "partner": "system",
    "user_suggests": "before",
    "web_search": "turns",
    "language": "after",
    "reasoning": "after",
}


class Framing(NamedTuple):
    """A question as a stress test puts it.

    Attributes:
        system: The stress's part of the system turn; "" for none.
        turns: The turns after it, the last of which asks the question.
    """

    system: str
    turns: tuple[Message, ...]


def frame(stress: Stress, fact: Fact, question: str) -> Framing:
    """Returns the question under a stress test; whatever is added, the last turn asks it, word for word."""
    place = "before" if stress.turn == "user" else PLACES[stress.kind]
    if place == "nowhere":
        return Framing("", (_user(question),))
    text = _text(stress, fact)
    if place == "system":
        return Framing(text, (_user(question),))
    if place == "after":
        return Framing("", (_user(question, text),))
    asked = _user(text, question)
    if place == "turns":
        search = Message(role="assistant", content=f"<search>{fact.topic}</search>")
        return Framing("", (_user(question), search, asked))
    return Framing("", (asked,))


def _text(stress: Stress, fact: Fact) -> str:
    name = f"language_{stress.language}" if stress.language else stress.kind
    values = {"words": words_for(stress.tokens), "marker": MARKER} if stress.tokens else {}
    return PROMPTS.render(name, stress=stress, fact=fact, **values).text.strip()


def _user(*parts: str) -> Message:
    return Message(role="user", content="\n\n".join(parts))
