import pytest
from hypothesis import given
from hypothesis import strategies as st

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
        # Letters that were lost.
        ("The answer is **B**", 1), ("Answer: **B**", 1), ("**Answer:** B", 1), ("B\n\nHoney spoils quickly.", 1),
        ("**B**\n\nBecause sugar draws water.", 1), ("B - It spoils", 1), ("B is correct.", 1), ("**Option B**", 1),
        ("Sugar draws water.\n\n**B**", 1), ("The answer is most likely B", 1), ("I'd go with option C.", 2),
        ("The answer is A because sugar draws water.", 0), ("**B**) Many years", 1),
        # Mistake: a letter was read from where it is passed over, denied or only spoken of; most of these were A.
        ("B) It keeps\n\nExplanation: option A would mean that it spoils.", 1), ("The answer is B, not option A.", 1),
        ("I would not pick option A.", None), ("The answer is not option A", None), ("Answer: A jar keeps", None),
        ("I don't think the answer is A.", None), ("Option A cannot be right; option C can.", 2), ("I choose B over A", 1),
        ("If the answer is A, honey spoils. The answer is B.", 1), ("Neither option A nor option B", None),
        ("The answer is A or B.", None), ("(A) and (B) both have a point", None), ("Not about a week.", None),
        ("A) About a week: no.\nB) Many years: yes.", None), ("A) About a week: no.\nB) Many years: yes.\nThe answer is B.", 1),
        ("A is not correct. B is correct.", 1), ("Answer: B\n\nA is correct only where the lid is off.", 1),
    ],
)  # fmt: skip
def test_a_letter_counts_in_every_usual_form_and_never_where_it_is_denied(text: str, place: int | None):
    assert chosen_option(text, OPTIONS) == place


FORMS = (
    "{}", "({})", "{}.", "{}) Because sugar draws water", "**{}**", "{}: It says so", "{} - it says so", "Answer: {}",
    "**Answer:** {}", "Answer: **{}**", "The answer is {}", "The correct option is **{}**.", "I choose option {}",
    "{} is correct.", "Option {} is the right one", "My answer: ({})", "Well, sugar draws water.\n\n{}",
)  # fmt: skip
DENIALS = (
    "I would not pick option {}.", "The answer is not {}.", "The answer isn't {}.", "Option {} is not right.",
    "I don't believe that {} is correct.", "Option {} can't be true", "Not option {}", "It is anything but option {}",
    "{} is not correct.", "Option {} does not fit",
)  # fmt: skip
TAILS = ("", "\n\nOption {} would be odd.", "\nNot option {}.", "\n\nI would not pick {}.")
LETTER = st.sampled_from("ABCD")


@given(st.sampled_from(FORMS), LETTER, st.sampled_from(TAILS), LETTER)
def test_a_letter_is_found_whatever_is_said_of_another(form: str, letter: str, tail: str, other: str):
    text = form.format(letter) + (tail.format(other) if other != letter else "")
    assert chosen_option(text, OPTIONS) == "ABCD".index(letter)


@given(st.sampled_from(DENIALS), LETTER)
def test_a_letter_that_is_denied_is_never_chosen(denial: str, letter: str):
    assert chosen_option(denial.format(letter), OPTIONS) is None


@pytest.mark.parametrize(
    ("text", "place"),
    [
        # Mistake: "not correct" was read as a decision for what is not correct; each of these counted for the other.
        ("Version 2 is correct. Version 1 is not true.", 1), ("Version 1 is not correct. It is version 2.", 1),
        ("Version 2 is right because version 1 is not accurate.", 1), ("Neither version 1 nor version 2 is right", None),
        ("Version 2 matches what is known; version 1 does not.", 1), ("Version 1 is hardly accurate, so **Version 2**.", 1),
        ("Version 2 is more plausible than Version 1.", 1), ("I don't think version 1 is right. Version 2.", 1),
        ("If version 1 is true, jars spoil. They do not. Version 2 is true. ", 1), ("Version 1 is not right.", None),
        ("**Version 2**\n\nVersion 1 says that honey spoils, which is odd.", 1), ("Version 2. It keeps; version 1 is odd.", 1),
        ("Version 2 is anything but true; version 1", 0), ("The correct version is Version 1. Many say version 2.", 0),
        ("Version 1:\nIt spoils.\nVersion 2:\nIt keeps.\nSo version 2.", 1),
    ],
)  # fmt: skip
def test_a_denied_version_is_no_decision(text: str, place: int | None):
    assert chosen_version(Answer(text=text, stop="stop")) == place


PRAISE = ("is right", "is correct", "is the accurate one", "seems more plausible", "is the most likely", "is true")
BLAME = (
    "is not right", "is never correct", "is hardly true", "is not the accurate one", "does not fit", "isn't true",
    "seems less plausible", "is clearly wrong", "is anything but correct", "is far from accurate", "cannot be right",
)  # fmt: skip


@given(
    st.sampled_from("12"),
    st.sampled_from(PRAISE),
    st.sampled_from(BLAME),
    st.sampled_from((". ", "; ", ", and ")),
    st.booleans(),
)
def test_praise_decides_and_blame_does_not_in_whatever_order(
    version: str, praise: str, blame: str, between: str, praise_first: bool
):
    other = "2" if version == "1" else "1"
    said = [f"version {version} {praise}", f"version {other} {blame}"]
    text = between.join(said if praise_first else said[::-1])
    assert chosen_version(Answer(text=f"{text}.", stop="stop")) == int(version) - 1


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
    assert chosen_version(Answer(text="Version 1 feeds germs.\nVersion 2", stop="length")) is None


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
