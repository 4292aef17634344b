"""Which world does a free answer speak from? Marker patterns, read so that negations are not mistaken for claims."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

from doxa.facts.records import Markers

LEAD_IN = re.compile(
    r"\W*(?:well|(?:the|my|a) (?:short |simple |correct |right |best )?answer"
    r"(?: to [^.?!:]{0,60})? is(?: indeed| simply| a)?)[,:]? +",
    re.IGNORECASE,
)

# Stands for what a cut text would have gone on with: a word that no pattern knows, longer than any line that a pattern
# takes for a whole answer, and with no full stop behind it.
GOES_ON = " " + "x" * 100

World = Literal["claim", "rival", "both", "neither"]


class Mark(NamedTuple):
    """One place where a pattern matched: `text[start:end]`."""

    start: int
    end: int


class Reading(NamedTuple):
    """The world of an answer and the marks that say so."""

    world: World
    claim: tuple[Mark, ...]
    rival: tuple[Mark, ...]


def read_markers(text: str, markers: Markers, question: str = "", cut: bool = False) -> Reading:
    """Reads an answer by the marker patterns of both worlds.

    Marks that only repeat words of the question say nothing and are dropped, unless the answer begins with them: a
    leading "No" answers.

    Where marks of the two worlds overlap, the longer one stands and the other is dropped, so that "does not spoil" is
    never read as "spoil". Of two equally long marks at one place neither stands.

    Args:
        text: The answer.
        markers: The patterns.
        question: That it answers.
        cut: Whether the answer was cut off. Then a pattern that needs its end, such as one for what it lacks, says
            nothing: what is missing may be what was cut. Marks count that are there however the answer goes on.
    """
    echo = f" {_plain(question)} "
    found = LEAD_IN.match(text)
    start = found.end() if found else 0  # "^yes" is meant for the answer, not for what introduces it
    claim, rival = (
        [
            mark
            for mark in _marks(text, patterns, start, cut)
            if mark.start == start or f" {_plain(text[mark.start : mark.end])} " not in echo
        ]
        for patterns in (markers.claim, markers.rival)
    )
    kept_claim = tuple(mark for mark in claim if not _outdone(mark, rival))
    kept_rival = tuple(mark for mark in rival if not _outdone(mark, claim))
    found = bool(kept_claim), bool(kept_rival)
    world: dict[tuple[bool, bool], World] = {
        (True, False): "claim", (False, True): "rival", (True, True): "both", (False, False): "neither",
    }  # fmt: skip
    return Reading(world[found], kept_claim, kept_rival)


def _marks(text: str, patterns: Sequence[str], start: int, cut: bool) -> list[Mark]:
    spans = (span for pattern in patterns for span in _spans(_compiled(pattern), text[start:], cut))
    return sorted({Mark(start + first, start + last) for first, last in spans if last > first})


def _spans(pattern: re.Pattern[str], text: str, cut: bool) -> list[tuple[int, int]]:
    spans = [match.span() for match in pattern.finditer(text)]
    if not (cut and spans):
        return spans
    lasting = {match.start() for match in pattern.finditer(text + GOES_ON)}
    return [span for span in spans if span[0] in lasting]


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def _outdone(mark: Mark, others: Sequence[Mark]) -> bool:
    length = mark.end - mark.start
    return any(
        other.start < mark.end and mark.start < other.end and other.end - other.start >= length for other in others
    )


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)
