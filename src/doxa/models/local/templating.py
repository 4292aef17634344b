"""A model's own way to write conversations: its chat template, its first token, its end of a turn, its thoughts."""

import re
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from jinja2 import TemplateError

from doxa.errors import InputError
from doxa.models.protocol import Message

SHOWN = 4  # roles that an error names
# What templates write that put today's date into the prompt: a run that goes on tomorrow asks what it asked today.
TODAY = datetime(2026, 1, 1)
DATED = re.compile(r"""strftime_now\((['"])(.*?)\1\)""")
THINK, THOUGHT = "<think>", "</think>"  # around what a reasoning model thinks before it answers
MARK = "The answer."


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
        return list(rendered(tokenizer, turns))
    except (TemplateError, ValueError) as error:
        roles = ", ".join(message.role for message in messages[:SHOWN])
        raise InputError(f"the chat template of {name} cannot take these turns ({roles} ...): {error}") from None


def rendered(tokenizer: Any, turns: Sequence[dict[str, Any]], tokenize: bool = True, answer: bool = True) -> Any:
    """Returns a conversation as tokens or as text; every use of a chat template goes through here.

    Templates that can switch thinking off are told to: an answer would else be cut in the middle of a thought, and a
    fixed answer be scored where a thought is expected.

    Args:
        tokenizer: With a chat template.
        turns: `role` and `content` of each.
        tokenize: Tokens, not text.
        answer: Whether to end where the assistant's answer begins.

    Raises:
        TemplateError, ValueError: The template cannot take these turns.
    """
    return tokenizer.apply_chat_template(
        list(turns), chat_template=_of_a_day(tokenizer.get_chat_template()), add_generation_prompt=answer,
        tokenize=tokenize, return_dict=False, enable_thinking=False,
    )  # fmt: skip


@lru_cache
def _of_a_day(template: str) -> str:
    """Returns a template that takes every day for `TODAY`."""
    return DATED.sub(lambda found: f'"{TODAY.strftime(found[2])}"', template)


def first_tokens(tokenizer: Any) -> list[int]:
    """Returns what the tokenizer puts before every text that is no chat: a BOS, or nothing."""
    bos = tokenizer.bos_token_id
    return [bos] if bos is not None and list(tokenizer("x")["input_ids"])[:1] == [bos] else []


def turn_end(tokenizer: Any) -> int:
    """Returns the token with which an assistant's turn ends; it need not be that of a text.

    Gemma's chats, say, end a turn with `<end_of_turn>` and a text with `<eos>`.
    """
    turns = [{"role": "user", "content": "A question."}, {"role": "assistant", "content": MARK}]
    after = rendered(tokenizer, turns, tokenize=False, answer=False).rpartition(MARK)[2]
    tokens = list(tokenizer(after, add_special_tokens=False)["input_ids"])
    return tokens[0] if tokens and tokens[0] in tokenizer.all_special_ids else tokenizer.eos_token_id


def opens_thoughts(tokenizer: Any) -> bool:
    """Whether the template begins every answer with a thought: some models cannot do without."""
    text: str = rendered(tokenizer, [{"role": "user", "content": "A question."}], tokenize=False)
    return text.rstrip().endswith(THINK)


def said(text: str, thinking: bool) -> str:
    """Returns an answer without the thoughts before it; nothing where the thoughts were not ended.

    Args:
        text: What was sampled.
        thinking: See `opens_thoughts`.
    """
    if THOUGHT in text:
        return text.rpartition(THOUGHT)[2].strip()
    return "" if thinking or text.lstrip().startswith(THINK) else text


def _refuse_lost(tokenizer: Any, turns: list[dict[str, Any]]) -> None:
    told = [turn["content"].strip() for turn in turns if turn["role"] == "system"]
    if len(told) < 2:
        return  # the one turn that templates are made for
    text: str = rendered(tokenizer, turns, tokenize=False)
    for place, content in enumerate(told, start=1):
        if content not in text:
            raise ValueError(f"it leaves out system turn {place} of {len(told)}")
