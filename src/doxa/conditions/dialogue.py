"""Adversarial dialogue: between the subject's answers an adversary argues for the rival. Pure: calls nobody."""

from pathlib import Path
from typing import NamedTuple

from doxa.facts.records import Fact
from doxa.models.protocol import Message
from doxa.prompting import Prompts

PROMPTS = Prompts(Path(__file__).parent / "prompts")


class Dialogue(NamedTuple):
    """A dialogue as far as it has come.

    Attributes:
        opening: What the subject is asked first; see `doxa.conditions.conversation.messages`.
        question: The question in it, which is put once more with the last argument.
        rounds: Arguments that the adversary has.
        said: What was said since: answer, argument, answer, ...
    """

    opening: tuple[Message, ...]
    question: str
    rounds: int
    said: tuple[Message, ...] = ()

    @property
    def messages(self) -> tuple[Message, ...]:
        """The conversation as the subject sees it."""
        return self.opening + self.said

    @property
    def argued(self) -> int:
        """Arguments so far."""
        return sum(message.role == "user" for message in self.said)

    def answer(self, text: str) -> "Dialogue":
        """Returns the dialogue with an answer of the subject."""
        return self._replace(said=(*self.said, Message(role="assistant", content=text)))

    def argue(self, text: str) -> "Dialogue":
        """Returns the dialogue with an argument of the adversary; the last one puts the question once more.

        The graded turn must answer the question, options and all, and not only the argument.
        """
        last = self.argued + 1 == self.rounds
        content = PROMPTS.render("last_argument", argument=text, question=self.question).text if last else text
        return self._replace(said=(*self.said, Message(role="user", content=content)))


def adversary_messages(dialogue: Dialogue, fact: Fact) -> tuple[Message, ...]:
    """Returns what the adversary is asked for its next argument: it sees both contexts and all that was said."""
    turn = PROMPTS.render(
        "adversary_turn",
        question=dialogue.question,
        said=dialogue.said,
        round=dialogue.argued + 1,
        rounds=dialogue.rounds,
    )
    return (
        Message(role="system", content=PROMPTS.render("adversary", fact=fact).text),
        Message(role="user", content=turn.text),
    )
