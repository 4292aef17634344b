"""Facts about somebody who believes or tends to do something: their name is filled in when the study is known."""

import re
from typing import Any, cast

from doxa.facts.records import Believer, Fact, is_unfilled

PATTERNS = ("markers", "bank_markers", "forbidden")  # fields that hold regular expressions


def named(fact: Fact, believer: Believer) -> Fact:
    """Returns the fact with `{name}` and `{maker}` filled in, in every text, question, answer and pattern."""
    filled = _filled(fact.model_dump(exclude={"believer"}), believer)
    return Fact.model_validate({**filled, "believer": believer})


def speaks_of_somebody(fact: Fact) -> bool:
    """Whether a fact has a place for a believer's name that is not filled in."""
    return is_unfilled(fact.model_dump_json())


def _filled(value: object, believer: Believer) -> Any:
    if isinstance(value, str):
        return believer.fill(value)
    if isinstance(value, dict):
        literal = Believer(name=re.escape(believer.name), maker=re.escape(believer.maker))
        fields = cast("dict[str, object]", value)
        return {key: _filled(inner, literal if key in PATTERNS else believer) for key, inner in fields.items()}
    if isinstance(value, tuple):
        return tuple(_filled(inner, believer) for inner in cast("tuple[object, ...]", value))
    return value
