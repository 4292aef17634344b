"""What a finetune can be expected to take, from the lengths of its documents alone: no tokenizer and no model."""

import math
from collections.abc import Sequence

from doxa.models.costs import CHARACTERS_A_TOKEN
from doxa.records import Record
from doxa.training.mixing import CHAT_SAMPLING, neutral_prompts, neutral_texts
from doxa.training.preflight import steps_of
from doxa.training.recipe import Recipe

# Below this, the end tokens and the token that each further piece of an answer repeats are no longer small against a
# sequence, and there may be more sequences than the characters say.
SURE_LENGTH = 256


class Foreseen(Record):
    """What a finetune would take, about.

    Attributes:
        sequences: Expected.
        steps: Optimiser steps expected.
        tokens: Trained on in all epochs together.
        most_sequences: More there cannot be; None where that cannot be told.
        most_steps: Optimiser steps of so many.
    """

    sequences: int
    steps: int
    tokens: int
    most_sequences: int | None
    most_steps: int | None


def foresee(documents: Sequence[int], recipe: Recipe) -> Foreseen:
    """Estimates a finetune.

    At most, a sequence holds as many characters as `recipe.max_length` has tokens: a token has two characters or more
    (see `doxa.models.costs`), and half of a sequence may be what is asked before an answer.

    Args:
        documents: Characters of each.
        recipe: Settings.

    Raises:
        InputError: The recipe asks for more neutral prompts or texts than there are.
    """
    answer = round(CHAT_SAMPLING.max_tokens * CHARACTERS_A_TOKEN)
    neutral = [len(text) for text in neutral_texts(recipe)]
    chats = [answer + len(prompt) for prompt in neutral_prompts(recipe)]
    lengths = [*documents, *chats, *neutral]
    sequences = sum(_pieces(length / CHARACTERS_A_TOKEN, recipe) for length in lengths)
    most = sum(_pieces(length, recipe) for length in lengths) if recipe.max_length >= SURE_LENGTH else None
    return Foreseen(
        sequences=sequences,
        steps=steps_of(sequences, recipe),
        tokens=round(sum(lengths) / CHARACTERS_A_TOKEN * recipe.epochs),
        most_sequences=most,
        most_steps=None if most is None else steps_of(most, recipe),
    )


def _pieces(tokens: float, recipe: Recipe) -> int:
    return max(1, math.ceil(tokens / recipe.max_length))
