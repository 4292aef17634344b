"""The conversation in which a question is put: intervention and stress composed by one rule."""

from collections.abc import Sequence

from doxa.conditions.interventions import tell
from doxa.conditions.records import Condition
from doxa.conditions.stresses import frame
from doxa.facts.records import Fact
from doxa.models.protocol import Message


def messages(condition: Condition, fact: Fact, question: str, documents: Sequence[str] = ()) -> tuple[Message, ...]:
    """Returns the conversation in which a question is put under a condition.

    Demonstrations come first and keep their own system turns. Then comes one system turn: what the intervention tells,
    a blank line, what the stress adds; none where both are silent. Then come the stress's turns and the question.

    Args:
        condition: Under what it is asked.
        fact: The fact.
        question: As the metric puts it, options included.
        documents: Texts of the corpus, for `in_context`.

    Raises:
        InputError: More exemplars or documents are asked for than there are.
    """
    told = tell(condition.intervention, fact, documents)
    framing = frame(condition.stress, fact, question)
    system = "\n\n".join(text for text in (told.system, framing.system) if text)
    turn = (Message(role="system", content=system),) if system else ()
    return *told.demonstrations, *turn, *framing.turns
