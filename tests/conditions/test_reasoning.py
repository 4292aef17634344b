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


def test_a_budget_is_told_in_words():
    assert words_for(400) == 300
    assert words_for(1) == 1
