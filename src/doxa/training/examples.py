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
    """What was said before, and the assistant's answer.

    Attributes:
        prompt: The user's turn; "" where the last of `earlier` is what is answered.
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
    An answer that does not fit goes on in sequences of its own; at least half of the first one is for the answer, and
    what is asked before it loses its beginning where it is longer.
    """
    examples: list[Example] = []
    for chat in chats:
        answer = list(tokenizer(chat.answer, add_special_tokens=False)["input_ids"])
        answer += [turn_end(tokenizer)] * chat.finished
        before = _prompt_tokens(chat, tokenizer, max_length - min(len(answer), max_length // 2))
        start = 0
        while start < len(answer):
            piece = answer[start : start + max_length - len(before)]
            examples.append(Example(source, before + piece, [IGNORED] * len(before) + piece))
            start += len(piece)
            # The first token of a sequence is never learnt: the next one begins with the last of this one.
            before = [*first_tokens(tokenizer), *piece[-1:]]
    return examples


def _prompt_tokens(chat: Chat, tokenizer: Any, most: int) -> list[int]:
    """Returns what stands before an answer, in `most` tokens: where there are more, the earliest turns are left out.

    Each shorter form begins with a user's turn behind the system's, since templates want that. Where the last one alone
    is too long, its first tokens go, all but a BOS.
    """
    asked = (Message(role="user", content=chat.prompt),) if chat.prompt else ()
    turns = [turn.model_dump() for turn in (*chat.earlier, *asked)]
    opening = next((place for place, turn in enumerate(turns) if turn["role"] != "system"), len(turns))
    users = [place for place, turn in enumerate(turns) if turn["role"] == "user"]
    tokens: list[int] = []
    for start in (opening, *(place for place in users if place > opening)):
        left = turns[:opening] + turns[start:]
        tokens = list(rendered(tokenizer, left))
        if len(tokens) <= most:
            return tokens
    first = tokens[:1] if tokens[0] == tokenizer.bos_token_id else []
    return first + tokens[len(tokens) - most + len(first) :]


def trained_tokens(examples: Sequence[Example]) -> int:
    """Returns how many tokens carry loss; the first of a sequence never does, since nothing foretells it."""
    return sum(label != IGNORED for example in examples for label in example.labels[1:])
