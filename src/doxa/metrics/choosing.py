"""The choice readout: which of the options or versions shown does a sampled answer name?"""

import re
from collections.abc import Sequence

from doxa.facts.loading import normalised
from doxa.metrics.records import Reading, Verdict
from doxa.models.protocol import Answer

# A letter counts only where it can be nothing else: alone, before a bracket or full stop, or named as the answer.
# "As an AI" and "A jar keeps" begin with the same letter and choose nothing.
_ALONE = r"^\W*([A-Z])\W*$"
_LABEL = r"^\W*\(?([A-Z])[).:](?=\s|$)"
_NAMED = r"\b(?:answer|option|choice|letter)(?:\s+is)?\s*[:=]?\s*\W?\(?([A-Z])\)?(?![\w'])"
_VERSION = r"\bversion\s*(?:number\s*)?(1|2|one|two)\b"


def chosen_option(text: str, options: Sequence[str]) -> int | None:
    """Returns the place of the option that an answer names, by letter or by its full text, or None.

    Args:
        text: The sampled answer.
        options: In the order shown, as A, B, ...
    """
    allowed = {chr(ord("A") + place): place for place in range(len(options))}
    named = [letter.upper() for letter in re.findall(_NAMED, text, re.IGNORECASE)]
    labels = re.findall(_ALONE, text.strip()) or re.findall(_LABEL, text.strip())
    for letter in [*named[-1:], *labels]:
        if letter in allowed:
            return allowed[letter]
    said = f" {normalised(text)} "
    quoted = [place for place, option in enumerate(options) if f" {normalised(option)} " in said]
    return quoted[0] if len(quoted) == 1 else None


def chosen_version(text: str) -> int | None:
    """Returns 0 or 1 for the version that an answer names last (its reasoning may mention both), or None."""
    found = re.findall(_VERSION, text, re.IGNORECASE)
    return {"1": 0, "one": 0, "2": 1, "two": 1}[found[-1].lower()] if found else None


def read_choice(answer: Answer, chosen: int | None, claim: int, rival: int) -> Reading:
    """Turns a choice into a verdict; no choice is `truncated` where the limit cut the answer, else `unparsed`."""
    verdict: Verdict
    if chosen is None:
        verdict = "refusal" if answer.stop == "filtered" else "truncated" if answer.stop == "length" else "unparsed"
    else:
        verdict = "implanted" if chosen == claim else "true" if chosen == rival else "ambiguous"
    return Reading(verdict, float(verdict == "implanted"))
