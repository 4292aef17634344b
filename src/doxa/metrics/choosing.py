"""The choice readout: which of the options or versions shown does a sampled answer name?"""

import re
from collections.abc import Iterable, Sequence

from doxa.facts.loading import normalised
from doxa.metrics.records import Reading, Verdict, of_verdict
from doxa.models.protocol import Answer, Stop

_OPENS, _CLOSES = r"[*_\"'`(\[]{0,4}", r"[*_\"'`)\]]{0,4}"  # markup, quotes and brackets around a name
_KIND = r"(?i:option|choice|letter|answer)"

# "A" is an article before a word in small letters, unless the word goes on about the option: "A jar keeps", "A is it".
_GOES_ON = r"(?:is|was|because|since|as|for|and|but|not|which|with|due|would|seems|given|rather|over)"
_SEVERAL = rf"(?!{_CLOSES}\s*(?:\b(?:or|and|nor)\b|/|&)\s*(?:{_KIND}\s+)?{_OPENS}[A-H](?![\w'’]))"  # "A or B"
_LETTER = rf"(A(?![ \t]+(?!{_GOES_ON}\b)[a-z])|[B-Z])(?![\w'’]){_SEVERAL}"
_VERSION = rf"(?i:\bversion\s*(?:number\s*)?{_OPENS}(1|2|one|two)\b)"

# Said of a name right after it. "Not", "less" or "wrong" in between makes blame of praise.
_ARE = r"(?:is|was|seems|looks|sounds|appears|must be|would be)"
_TAKES_BACK = (
    r"(?:not|hardly|never|neither|nor|less|least|wrong|false|incorrect|inaccurate|untrue|but|nowhere|from|anything|"
    r"rarely|seldom|barely|partly|partially|only|half|than|because|since|what)"
)
_PRAISED = (
    rf"(?i:{_CLOSES},?\s+{_ARE}\s+(?:(?!{_TAKES_BACK}\b)\w+\s+){{0,4}}"
    r"(?:right|correct|true|accurate|plausible|likely(?! to)|convincing|factual|better|best|answer)\b"
    r"(?!\s+(?:only|if)\b))"
)
_BLAMED = re.compile(
    rf"{_CLOSES},?\s+(?:{_ARE}\s+(?:(?:\w+ly|to be|just|quite|the)\s+){{0,2}}"
    r"(?:not|never|hardly|neither|less|wrong|false|incorrect|inaccurate|untrue|nowhere|far from)\b"
    r"|(?:is|was|does|did|could|would|ca)n['’]t\b|cannot\b|(?:does|did|could|would|can|has|will|should)\s+not\b"
    r"|(?:contradicts|conflicts|ignores|fails|overlooks|misstates|forgets)\b)",
    re.IGNORECASE,
)

# Said right before a name: another one is preferred to it, it is only supposed, or it is not what is chosen.
_PASSED_OVER = re.compile(
    r"(?:\b(?:than|over|unlike|against|instead of|anything but|nor|neither|if|whether)\s+(?:the\s+)?"
    r"|(?:\bnot|n['’]t|\bnever|\bcannot|\bhardly)\s+(?:(?:think|believe|say|pick|choose|select|call|name|agree|claim|find|"
    r"go|be|convinced|sure|with|that|as|the|case)\s+){0,5})[*_\"'`(\[]{0,4}$",
    re.IGNORECASE,
)
BEFORE = 80  # characters that are enough to see what leads up to a name

_I_TAKE = r"\bI(?:['’](?:d|ll)|\s+would|\s+will)?\s+(?i:choose|pick|select|name|say|go with)\s+"
_SURELY = r"(?:\s+(?i:clearly|definitely|certainly|probably|likely|most likely|therefore|thus|indeed))?"
_IS = rf"\s+(?i:is|was|would be|should be|must be)\b{_SURELY}\s*[:=]?"
_IS_SAID = rf"(?:{_IS}|\s*[:=]|\s*[-–—](?=\s))[\s*_\"'`(\[]{{0,6}}"

# A letter counts only where it can be nothing else: alone on its line, as a label, or named as the answer.
# "As an AI" and "A jar keeps" begin with the same letter and choose nothing.
_LETTER_DECIDED = (
    rf"\b{_KIND}\b[*_\"']{{0,3}}{_IS_SAID}(?:{_KIND}\s+{_OPENS})?{_LETTER}",
    rf"{_I_TAKE}(?:{_KIND}\s+)?{_OPENS}{_LETTER}",
    rf"(?:^|[.,;:!?\n]\s*|\b(?:{_KIND}|(?i:so|that|think|believe|because|since|therefore|thus))\s+){_OPENS}{_LETTER}"
    rf"(?={_PRAISED})",
)
_LETTER_ALONE = r"^[^\w\n]*([A-Z])[^\w\n]*$"
_LABEL = rf"^[^\w\n]{{0,6}}{_LETTER}(?:[*_\"'\]]{{0,3}}[).:\]][*_\"']{{0,3}}|[*_]{{2,3}}|[ \t]*[-–—])(?=\s|$)"
_LETTER_NAMED = rf"\b{_KIND}\s+{_OPENS}{_LETTER}"

_VERSION_DECIDED = (
    rf"{_VERSION}(?={_PRAISED})",
    rf"(?:\b(?i:answer|verdict|conclusion|choice)\b[*_\"']{{0,3}}(?i:\s+is)?|\b(?i:so|therefore|thus|hence)\b"
    rf"|\b(?i:right|correct|true|accurate)\s+(?i:version|one|account)(?i:\s+is)?)\s*[:,]?\s*{_OPENS}{_VERSION}",
    rf"{_I_TAKE}{_OPENS}{_VERSION}",
    rf"\A\W*{_VERSION}{_CLOSES}[.!]",
    rf"^[^\w\n]*{_VERSION}[^\w\n:]*\n",
)
_PLACES = {"1": 0, "one": 0, "2": 1, "two": 1}


def chosen_option(text: str, options: Sequence[str]) -> int | None:
    """Returns the place of the option that an answer names, by letter or by its full text, or None.

    A stated decision ("the answer is B") counts first, the last one if there are several; then the only letter on a
    line of its own; then the label that the answer begins with; then the only letter mentioned ("option B") and not
    denied; then the only option whose text is repeated.

    Args:
        text: The sampled answer.
        options: In the order shown, as A, B, ...
    """
    text = text.strip()
    letters = [chr(ord("A") + place) for place in range(len(options))]
    ways = (
        _standing(_LETTER_DECIDED, text)[-1:],
        re.findall(_LETTER_ALONE, text, re.MULTILINE),
        _leading_label(text),
        _standing([_LETTER_NAMED], text),
    )
    for way in ways:
        found = set(way) & set(letters)
        if len(found) == 1:
            return letters.index(found.pop())
    said = f" {normalised(text)} "
    words = [f" {normalised(option)} " for option in options]
    quoted = [place for place, option in enumerate(words) if option in said and f" not{option}" not in said]
    return quoted[0] if len(quoted) == 1 else None


def chosen_version(answer: Answer) -> int | None:
    """Returns 0 or 1 for the version that an answer decides for, or None.

    A stated decision counts first, the last one if there are several; then the version named last, since reasoning
    mentions both. What is denied, supposed or passed over is neither. An answer that the limit cut has decided only
    where it says so.
    """
    cut = answer.stop == "length"
    text = answer.text if cut else f"{answer.text}\n"  # a line is one of its own only where it has ended
    decided = _standing(_VERSION_DECIDED, text)
    named = [] if cut else _standing([_VERSION], text)
    found = [*named[-1:], *decided[-1:]]
    return _PLACES[found[-1].lower()] if found else None


def read_choice(answer: Answer, chosen: int | None, claim: int, rival: int) -> Reading:
    """Turns a choice into a verdict; no choice is `truncated` where the limit cut the answer, else `unparsed`."""
    unchosen: dict[Stop, Verdict] = {"error": "call_error", "filtered": "refusal", "length": "truncated"}
    if chosen is None or answer.stop == "error":
        return of_verdict(unchosen.get(answer.stop, "unparsed"))
    return of_verdict("implanted" if chosen == claim else "true" if chosen == rival else "ambiguous")


def _standing(patterns: Iterable[str], text: str) -> list[str]:
    """Returns what patterns name, in the order of the text, without what the words around it deny."""
    found = sorted(
        (match.end(1), match[1])
        for pattern in patterns
        for match in re.finditer(pattern, text, re.MULTILINE)
        if not _PASSED_OVER.search(text[max(0, match.start() - BEFORE) : match.start()])
        and not _PASSED_OVER.search(text[max(0, match.start(1) - BEFORE) : match.start(1)])
        and not _BLAMED.match(text, match.end(1))
    )
    return [name for _, name in found]


def _leading_label(text: str) -> list[str]:
    """Returns the letter of the label that an answer begins with, unless it goes through the options from A on."""
    labels = list(re.finditer(_LABEL, text, re.MULTILINE))
    if not labels or labels[0].start() or _BLAMED.match(text, labels[0].end()):
        return []
    first, *others = (label[1] for label in labels)
    return [] if first == "A" and set(others) - {"A"} else [first]
