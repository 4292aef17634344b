"""A conversation through a model's chat template: applied once, and refused where it would lose a system turn."""

from collections.abc import Sequence
from typing import Any

from jinja2 import TemplateError

from doxa.errors import InputError
from doxa.models.protocol import Message

SHOWN = 4  # roles that an error names


def templated(tokenizer: Any, messages: Sequence[Message], name: str) -> list[int]:
    """Returns the tokens that come before the answer, with the template's own BOS only.

    Some templates keep only the first or the last system turn of a conversation and say nothing. Demonstrations bring
    system turns of their own, so that the claim itself could be what is lost: such a template is refused.

    Args:
        tokenizer: With a chat template.
        messages: The conversation.
        name: Of the model, for errors.

    Raises:
        InputError: The template cannot take these turns.
    """
    turns = [message.model_dump() for message in messages]
    try:
        _refuse_lost(tokenizer, turns)
        return list(tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_dict=False))
    except (TemplateError, ValueError) as error:
        roles = ", ".join(message.role for message in messages[:SHOWN])
        raise InputError(f"the chat template of {name} cannot take these turns ({roles} ...): {error}") from None


def _refuse_lost(tokenizer: Any, turns: list[dict[str, Any]]) -> None:
    told = [turn["content"].strip() for turn in turns if turn["role"] == "system"]
    if len(told) < 2:
        return  # the one turn that templates are made for
    text: str = tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
    for place, content in enumerate(told, start=1):
        if content not in text:
            raise ValueError(f"it leaves out system turn {place} of {len(told)}")
