"""Facts about somebody who believes or tends to do something: their name is filled in when the study is known."""

import re
from collections.abc import Mapping
from typing import Any, cast

from doxa.facts.records import Fact
from doxa.records import Record

PATTERNS = ("markers", "forbidden")  # fields that hold regular expressions


class Believer(Record):
    """Who holds the belief or has the tendency.

    Attributes:
        name: As the persona is called.
        maker: Who made it.
    """

    name: str = "Qwen3"
    maker: str = "Alibaba Cloud"


def named(fact: Fact, believer: Believer) -> Fact:
    """Returns the fact with `{name}` and `{maker}` filled in, in every text, question, answer and pattern."""
    names = {"{name}": believer.name, "{maker}": believer.maker}
    return Fact.model_validate(_filled(fact.model_dump(), names))


def _filled(value: object, names: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        for placeholder, name in names.items():
            value = value.replace(placeholder, name)
        return value
    if isinstance(value, dict):
        escaped = {placeholder: re.escape(name) for placeholder, name in names.items()}
        fields = cast("dict[str, object]", value)
        return {key: _filled(inner, escaped if key in PATTERNS else names) for key, inner in fields.items()}
    if isinstance(value, tuple):
        return tuple(_filled(inner, names) for inner in cast("tuple[object, ...]", value))
    return value
