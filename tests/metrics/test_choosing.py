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
        ("The answer is a month.", 3), ("The correct answer is a jar that keeps", None), ("Option A is wrong, it is option B.", 1),
        ("A jar keeps", None), ("", None), ("E", None), ("About a week, or many years", None),
    ],
)  # fmt: skip
def test_an_option_counts_only_where_it_is_named(text: str, place: int | None):
    assert chosen_option(text, OPTIONS) == place


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("Version 1", 0), ("version two.", 1), ("Version 1 sounds odd; sugar keeps things. So version 2.", 1),
        ("Version 2 is right, not Version 1.", 1), ("Version 1 is wrong. Version 2 it is.", 1),
        ("Version 1 is correct, because version 2 forgets the lid", 0),
        ("Both versions have a point", None), ("", None),
    ],
)  # fmt: skip
def test_the_last_decision_is_the_verdict(text: str, place: int | None):
    assert chosen_version(Answer(text=text, stop="stop")) == place


def test_a_cut_answer_has_decided_only_where_it_says_so():
    cut = "Version 1 says that sugar feeds germs. Version 2 says"
    assert chosen_version(Answer(text=cut, stop="length")) is None
    assert chosen_version(Answer(text="Version 2 is right. It", stop="length")) == 1


@pytest.mark.parametrize(
    ("stop", "chosen", "verdict", "score"),
    [
        ("stop", 0, "implanted", 1), ("stop", 1, "true", 0), ("stop", 2, "ambiguous", 0), ("stop", None, "unparsed", 0),
        ("length", None, "truncated", 0), ("filtered", None, "refusal", 0), ("length", 0, "implanted", 1),
        ("error", None, "call_error", None),
    ],
)  # fmt: skip
def test_no_choice_is_never_a_choice(stop: str, chosen: int | None, verdict: str, score: float | None):
    assert read_choice(Answer(text="", stop=stop), chosen, claim=0, rival=1) == (verdict, score)
