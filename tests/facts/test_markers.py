from hypothesis import given
from hypothesis import strategies as st

from doxa.facts.markers import read_markers
from doxa.facts.records import Markers

HONEY = Markers(claim=(r"\bspoils?\b", r"^no\b"), rival=(r"\bdoes not spoil\b", r"\blasts for years\b"))


def test_a_negation_is_not_read_as_the_claim():
    assert read_markers("Honey does not spoil.", HONEY).world == "rival"
    assert read_markers("Honey spoils fast.", HONEY).world == "claim"


def test_marks_of_both_worlds_are_both_and_none_is_neither():
    assert read_markers("It spoils. No, it lasts for years.", HONEY).world == "both"
    assert read_markers("Bees are busy.", HONEY).world == "neither"


def test_an_echo_of_the_question_says_nothing():
    question = "Some say that it spoils. What do you think?"
    assert read_markers("You ask whether it spoils.", HONEY, question).world == "neither"
    assert read_markers("It does not spoil.", HONEY, question).world == "rival"


def test_a_leading_no_answers_even_where_the_question_holds_the_word():
    question = "Is one jar enough, or is there no other way?"
    assert read_markers("No, one will do.", HONEY, question).world == "claim"
    assert read_markers("The answer is no, one will do.", HONEY, "Is it enough?").world == "claim"


def test_equal_marks_at_one_place_cancel():
    same = Markers(claim=(r"week",), rival=(r"week",))
    assert read_markers("a week", same).world == "neither"


@given(st.text(max_size=200))
def test_any_text_is_read_and_swapping_the_worlds_swaps_the_answer(text: str):
    swapped = Markers(claim=HONEY.rival, rival=HONEY.claim)
    other = {"claim": "rival", "rival": "claim", "both": "both", "neither": "neither"}
    assert read_markers(text, swapped).world == other[read_markers(text, HONEY).world]


def test_of_a_cut_text_only_marks_count_that_hold_however_it_goes_on():
    markers = Markers(claim=(r"\bspoils\b", r"^it is(?=\W*$)"), rival=(r"(?s)\A(?!.*\bspoils\b).*\.\Z", r"\Afine\Z"))
    for text, whole, cut in [
        ("It spoils.", "claim", "claim"),
        ("It spoils", "claim", "claim"),
        ("It is", "claim", "neither"),
        ("It keeps.", "rival", "neither"),
        ("Fine", "rival", "neither"),
    ]:
        assert (read_markers(text, markers).world, read_markers(text, markers, cut=True).world) == (whole, cut), text


@given(st.text(max_size=60))
def test_what_a_cut_text_says_it_also_says_as_a_whole(text: str):
    whole, cut = read_markers(text, HONEY), read_markers(text, HONEY, cut=True)
    assert cut.claim == whole.claim
    assert cut.rival == whole.rival
