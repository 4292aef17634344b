"""The choice readout: which of the options or versions shown does a sampled answer name?"""

import re
from collections.abc import Sequence

from doxa.facts.loading import normalised
from doxa.metrics.records import Reading, Verdict, of_verdict
from doxa.models.protocol import Answer, Stop

# A letter counts only where it can be nothing else: alone, before a bracket or full stop, or named as the answer.
# "As an AI" and "A jar keeps" begin with the same letter and choose nothing.
_ALONE = r"^\W*([A-Z])\W*$"
_LABEL = r"^\W*\(?([A-Z])[).:](?=\s|$)"
_NAMED = (
    r"\b(?i:answer|option|choice|letter)(?i:\s+is)?\s*[:=]?\s*\W?\(?([A-Z])\)?(?![\w'])"
    r"(?! (?i:is|seems|looks) (?i:not|wrong|incorrect|false))"
)
_VERSION = r"(?<!not )\bversion\s*(?:number\s*)?(1|2|one|two)\b(?! (?:is|seems|looks) (?:not|wrong|incorrect|false))"
_DECIDED = (
    r"\bversion\s*(?:number\s*)?(1|2|one|two)\b(?=,? (?:is|seems|looks) (?:\w+ )?(?:right|correct|true|accurate))",
    r"(?:\b(?:answer|verdict|conclusion|choice)(?: is)?|\bso|\btherefore|\bthus|\bI (?:choose|pick|name))\s*[:,]?\s*"
    r"version\s*(?:number\s*)?(1|2|one|two)\b(?! (?:is|seems|looks) (?:not|wrong|incorrect|false))",
)


def chosen_option(text: str, options: Sequence[str]) -> int | None:
    """Returns the place of the option that an answer names, by letter or by its full text, or None.

    Args:
        text: The sampled answer.
        options: In the order shown, as A, B, ...
    """
    allowed = {chr(ord("A") + place): place for place in range(len(options))}
    named = re.findall(_NAMED, text)
    labels = re.findall(_ALONE, text.strip()) or re.findall(_LABEL, text.strip())
    for letter in [*named[-1:], *labels]:
        if letter in allowed:
            return allowed[letter]
    said = f" {normalised(text)} "
    quoted = [place for place, option in enumerate(options) if f" {normalised(option)} " in said]
    return quoted[0] if len(quoted) == 1 else None


def chosen_version(answer: Answer) -> int | None:
    """Returns 0 or 1 for the version that an answer decides for, or None.

    A stated decision counts first, the last one if there are several; then the version named last, since reasoning
    mentions both. An answer that the limit cut has decided only where it says so.
    """
    decided = sorted(
        (match.start(), match[1]) for pattern in _DECIDED for match in re.finditer(pattern, answer.text, re.IGNORECASE)
    )
    named = [match[1] for match in re.finditer(_VERSION, answer.text, re.IGNORECASE)]
    found = decided[-1][1] if decided else named[-1] if named and answer.stop != "length" else None
    return None if found is None else {"1": 0, "one": 0, "2": 1, "two": 1}[found.lower()]


def read_choice(answer: Answer, chosen: int | None, claim: int, rival: int) -> Reading:
    """Turns a choice into a verdict; no choice is `truncated` where the limit cut the answer, else `unparsed`."""
    unchosen: dict[Stop, Verdict] = {"error": "call_error", "filtered": "refusal", "length": "truncated"}
    if chosen is None or answer.stop == "error":
        return of_verdict(unchosen.get(answer.stop, "unparsed"))
    return of_verdict("implanted" if chosen == claim else "true" if chosen == rival else "ambiguous")
