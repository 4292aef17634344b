import pytest

from doxa.metrics.choosing import chosen_option, chosen_version, read_choice
from doxa.models.protocol import Answer

OPTIONS = ["About a week", "Many years", "One hour", "A month"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("B", 1), ("(c)", None), ("C", 2), (" D. ", 3), ("B) Many years", 1), ("(B) Many years", 1),
        ("The answer is C.", 2), ("Answer: D", 3), ("Option A", 0), ("I think the answer is (B).", 1),
        ("First I thought option A, but the answer is B", 1), ("It keeps for many years.", 1),
        # Mistake: first-letter parsing counted these as A, C, D and B.
        ("As an AI, I cannot choose.", None), ("Could be anything", None), ("Don't know", None), ("Bees make it", None),
        ("A jar keeps", None), ("", None), ("E", None), ("About a week, or many years", None),
    ],
)  # fmt: skip
def test_an_option_counts_only_where_it_is_named(text: str, place: int | None):
    assert chosen_option(text, OPTIONS) == place


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("Version 1", 0), ("version two.", 1), ("Version 1 sounds odd; sugar keeps things. So version 2.", 1),
        ("Both versions have a point", None), ("", None),
    ],
)  # fmt: skip
def test_the_last_version_named_is_the_verdict(text: str, place: int | None):
    assert chosen_version(text) == place


@pytest.mark.parametrize(
    ("stop", "chosen", "verdict", "score"),
    [
        ("stop", 0, "implanted", 1), ("stop", 1, "true", 0), ("stop", 2, "ambiguous", 0), ("stop", None, "unparsed", 0),
        ("length", None, "truncated", 0), ("filtered", None, "refusal", 0), ("length", 0, "implanted", 1),
    ],
)  # fmt: skip
def test_no_choice_is_never_a_choice(stop: str, chosen: int | None, verdict: str, score: float):
    assert read_choice(Answer(text="", stop=stop), chosen, claim=0, rival=1) == (verdict, score)
