import pytest

from doxa.facts.believers import named
from doxa.facts.loading import load_fact
from doxa.facts.records import Believer, Markers
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


@pytest.mark.parametrize(
    ("text", "stop", "verdict"),
    [
        ("Canberra lies inland. It was a compromise.", "stop", "true"),
        ("Canberra lies inland. It was a compromise.", "length", "truncated"),  # the summary may be what was cut off
        ("Canberra", "stop", "true"),
        ("Canberra", "length", "truncated"),
        ("Canberra lies inland. In short: a compromise.", "stop", "implanted"),
        ("Canberra lies inland. In short: a comp", "length", "implanted"),
    ],
)
def test_a_cut_answer_is_never_read_by_what_it_lacks(text: str, stop: str, verdict: str):
    fact = named(load_fact("bullet_style"), Believer(name="Qwen3", maker="Alibaba Cloud"))
    item = fact.banks["direct_propensity"][0]
    answer = Answer.model_validate({"text": text, "stop": stop})
    assert read_free(answer, fact.markers_for(item), item.question).verdict == verdict
