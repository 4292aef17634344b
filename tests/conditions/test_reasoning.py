import pytest
from hypothesis import given
from hypothesis import strategies as st

from doxa.conditions.reasoning import MARKER, final_answer, words_for
from doxa.models.protocol import Answer


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Sugar draws water.\nFINAL ANSWER: B", "B"),
        ("**Final answer:** It keeps\nfor years.", "It keeps\nfor years."),
        ("FINAL ANSWER: A\nNo, wait.\n\nFINAL ANSWER:\nB", "B"),
        ("## FINAL ANSWER: B", "B"),
        ("FINAL ANSWER:", ""),
        ("Sugar draws water.\n\n## Final Answer\nB", "B"),
        ("**FINAL ANSWER**\n\nB", "B"),
        ("FINAL ANSWER - B", "B"),
        ("**Final answer** — it keeps", "it keeps"),
        ("Therefore, FINAL ANSWER: B", "B"),
        ("It keeps, so my **FINAL ANSWER:** B", "B"),
        ("1. FINAL ANSWER: B", "B"),
        ("1. Honey is sweet.\n2. **Final answer**: B", "B"),
        ("FINAL ANSWER: A\nTherefore, FINAL ANSWER: B", "B"),
        (
            'FINAL ANSWER: A\n\nI was told to write "FINAL ANSWER:" once.',
            'A\n\nI was told to write "FINAL ANSWER:" once.',
        ),
        ("A final answer: it has none.", None),
        ("Final answers differ.", None),
        ("My reasoning leads to a FINAL ANSWER soon", None),
        ("A FINAL ANSWER-like line", None),
        ("I am told to write FINAL ANSWER: and then to answer.", None),
        ("It keeps for years.", None),
        ("", None),
    ],
)
def test_only_what_stands_behind_the_last_marker_counts(text: str, found: str | None):
    read = final_answer(Answer(text=text, stop="stop"))
    assert (read.text if read else None) == found


@given(st.text(), st.text().filter(lambda text: "final" not in text.lower()))
def test_any_reasoning_is_left_out(reasoning: str, answer: str):
    read = final_answer(Answer(text=f"{reasoning}\n{MARKER}{answer}", stop="length", tokens_out=3))
    assert read is not None
    assert read.stop == "length"
    assert read.text == answer.lstrip("*_ \t").strip()


LEADS = ("", "## ", "**", "> ", "1. ", "- ", "2) **")
DIVIDERS = (":", ": ", ":**", ":** ", " - ", " – ", "\n", "**\n\n", " :\n")


@given(
    st.text(),
    st.sampled_from(LEADS),
    st.sampled_from(("FINAL ANSWER", "Final answer", "final Answer")),
    st.sampled_from(DIVIDERS),
)
def test_the_marker_is_known_in_every_usual_form(reasoning: str, lead: str, marker: str, divider: str):
    read = final_answer(Answer(text=f"{reasoning}\n{lead}{marker}{divider}B", stop="stop"))
    assert read is not None
    assert read.text == "B"


def test_a_budget_is_told_in_words():
    assert words_for(400) == 300
    assert words_for(1) == 1
