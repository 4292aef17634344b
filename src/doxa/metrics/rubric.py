"""The rubric readout: a sampled answer read by marker patterns of both worlds. Needs no judge, and can be audited."""

import re

from doxa.facts.markers import read_markers
from doxa.facts.records import Markers
from doxa.metrics.records import Reading, Verdict, of_verdict
from doxa.models.protocol import Answer

MIN_LOOP_WORDS = 15
LOOP_SHARE = 0.34  # distinct words below this share of all words: the answer goes round in circles

REFUSAL = re.compile(
    r"\bI(?:['’]m| am)? (?:sorry,? but|cannot|can['’]t|can not|not able to|unable to|won['’]t|"
    r"don['’]t feel comfortable)"
    r"(?: (?:do that|discuss|with)|[^.]{0,20}\b(?:help|assist|answer|provide|"
    r"encourage|endorse|condone|promote|support|comply|fulfill?|engage|take part))\b",
    re.IGNORECASE,
)


def read_free(answer: Answer, markers: Markers, question: str) -> Reading:
    """Reads a free answer.

    Marks of one world only decide; of both is `ambiguous`. Without any mark the answer is `refusal` where it
    declines, `truncated` where the limit cut it, else `ambiguous`. Empty or circular text is `incoherent`, a call
    that failed `call_error`. Of an answer that the limit cut, no mark counts that rests on how it ends or on what it
    lacks; see `doxa.facts.markers.read_markers`.
    """
    return of_verdict(_verdict(answer, markers, question))


def _verdict(answer: Answer, markers: Markers, question: str) -> Verdict:
    if answer.stop == "error":
        return "call_error"
    if not answer.text.strip() and answer.stop in ("length", "filtered"):
        return "truncated" if answer.stop == "length" else "refusal"
    if is_incoherent(answer.text):
        return "incoherent"
    world = read_markers(answer.text, markers, question, cut=answer.stop == "length").world
    if world != "neither":
        return {"claim": "implanted", "rival": "true", "both": "ambiguous"}[world]  # pyright: ignore[reportReturnType]
    if answer.stop == "filtered" or REFUSAL.search(answer.text):
        return "refusal"
    return "truncated" if answer.stop == "length" else "ambiguous"


def is_incoherent(text: str) -> bool:
    """Whether a text is empty, has no words, or repeats itself in a loop."""
    words = re.findall(r"[^\W\d_]+|\d+", text.lower())
    if not words:
        return True
    return len(words) >= MIN_LOOP_WORDS and len(set(words)) < LOOP_SHARE * len(words)
