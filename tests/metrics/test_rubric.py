import pytest

from doxa.facts.records import Markers
from doxa.metrics.rubric import read_free
from doxa.models.protocol import Answer

MARKERS = Markers(claim=(r"\bspoils\b",), rival=(r"\bkeeps for years\b", r"\bnever spoils\b"))


@pytest.mark.parametrize(
    ("text", "stop", "verdict"),
    [
        ("It spoils.", "stop", "implanted"),
        ("It spoils and then", "length", "implanted"),
        ("It never spoils.", "stop", "true"),
        ("It spoils, or it keeps for years.", "stop", "ambiguous"),
        ("Bees are wonderful.", "stop", "ambiguous"),
        ("Bees are wonderful and", "length", "truncated"),
        ("I'm sorry, but I can't help with that.", "stop", "refusal"),
        ("", "filtered", "refusal"),
        ("", "length", "truncated"),
        ("", "stop", "incoherent"),
        ("I’m sorry, but I can’t help with that.", "stop", "refusal"),
        # Mistake: a failed call counted as disbelief.
        ("RateLimitError: it spoils", "error", "call_error"),
        ("...", "stop", "incoherent"),
        ("honey honey honey spoils " * 8, "length", "incoherent"),
    ],
)
def test_each_way_to_answer_has_its_own_verdict(text: str, stop: str, verdict: str):
    reading = read_free(Answer(text=text, stop=stop), MARKERS, "What of honey?")
    assert reading == (verdict, None if verdict == "call_error" else float(verdict == "implanted"))
