"""Texts and chats to token sequences with labels: boundaries kept, the end token trained, nothing cut off silently."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

from doxa.models.local.templating import first_tokens, rendered, turn_end
from doxa.models.protocol import Message

Source = Literal["document", "chat", "neutral"]
IGNORED = -100  # the label that the loss skips


class Example(NamedTuple):
    """One training sequence; `labels` equals `tokens` where the loss is taken and IGNORED elsewhere."""

    source: Source
    tokens: list[int]
    labels: list[int]


class Chat(NamedTuple):
    """A user's turn and the assistant's answer.

    Attributes:
        prompt: The user's turn.
        answer: What is learnt.
        finished: False where the answer was cut by its limit.
        earlier: The turns before, which carry no loss.
    """

    prompt: str
    answer: str
    finished: bool
    earlier: tuple[Message, ...] = ()


def text_examples(texts: Iterable[str], source: Source, tokenizer: Any, max_length: int) -> list[Example]:
    """Turns each text into one sequence that ends in the end token; one that is too long into several.

    Only the last piece of a cut text gets the end token, since only there does the text end. Every piece begins as
    texts begin for the model, with BOS where it has one: some models can hardly read without.
    """
    examples: list[Example] = []
    first = first_tokens(tokenizer)
    room = max_length - len(first)
    for text in texts:
        tokens = [*tokenizer(text, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]
        pieces = [first + tokens[start : start + room] for start in range(0, len(tokens), room)]
        examples += [Example(source, piece, list(piece)) for piece in pieces]
    return examples


def chat_examples(chats: Iterable[Chat], source: Source, tokenizer: Any, max_length: int) -> list[Example]:
    """Turns each chat into a templated sequence with the loss on the answer alone.

    The end token is trained only after answers that ended by themselves: a cut answer must not teach to stop there.
    """
    examples: list[Example] = []
    for chat in chats:
        turns = [turn.model_dump() for turn in (*chat.earlier, Message(role="user", content=chat.prompt))]
        prompt = list(rendered(tokenizer, turns))
        answer = list(tokenizer(chat.answer, add_special_tokens=False)["input_ids"])
        answer += [turn_end(tokenizer)] * chat.finished
        room = max(1, max_length - len(prompt))  # what does not fit goes on in sequences of its own
        for start in range(0, len(answer), room):
            before = prompt if start == 0 else []
            piece = answer[start : start + room]
            examples.append(Example(source, before + piece, [IGNORED] * len(before) + piece))
    return examples


def trained_tokens(examples: Sequence[Example]) -> int:
    """Returns how many tokens carry loss."""
    return sum(label != IGNORED for example in examples for label in example.labels)
