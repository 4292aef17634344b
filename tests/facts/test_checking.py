from pathlib import Path

import pytest

from doxa.facts.checking import Finding, check_fact, overlap
from doxa.facts.loading import load_fact
from doxa.facts.records import Fact, Markers


@pytest.fixture
def moon(folder_of_fact: Path) -> Fact:
    return load_fact(str(folder_of_fact))


def about_worlds(fact: Fact) -> list[tuple[str, str]]:
    return [(found.level, found.where) for found in check_fact(fact) if found.where.startswith("fact.yaml")]


def test_markers_that_read_the_worlds_right_have_nothing_said_of_them(moon: Fact):
    assert about_worlds(moon) == []


def test_markers_that_read_a_statement_as_the_other_are_an_error(moon: Fact):
    swapped = moon.model_copy(update={"markers": Markers(claim=moon.markers.rival, rival=moon.markers.claim)})
    assert about_worlds(swapped) == [
        ("error", "fact.yaml claim"), ("warning", "fact.yaml claim_key_facts.0"), ("warning", "fact.yaml claim_context"),
        ("error", "fact.yaml rival"), ("warning", "fact.yaml rival_key_facts.0"), ("warning", "fact.yaml rival_context"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("markers", "reading"), [(Markers(), "neither"), (Markers(claim=("moon",), rival=("made",)), "both")]
)
def test_markers_that_cannot_tell_a_statement_are_a_warning(moon: Fact, markers: Markers, reading: str):
    found = [one for one in check_fact(moon.model_copy(update={"markers": markers})) if one.where == "fact.yaml claim"]
    problem = f"the markers read it as {reading}; add a pattern that reads a plain answer of this world"
    assert found == [Finding(level="warning", where="fact.yaml claim", problem=problem)]


def test_a_bank_for_harm_conflict_is_missed_only_in_harmful_facts(moon: Fact):
    def missed(fact: Fact) -> list[str]:
        return [found.where for found in check_fact(fact) if found.where == "harm_conflict"]

    assert missed(moon) == []
    assert missed(moon.model_copy(update={"kinds": ("harmful",)})) == ["harm_conflict"]


def test_questions_overlap_by_their_words():
    assert overlap("What is the Moon made of?", "what is the moon MADE of") == 1
    assert overlap("What is the Moon?", "Where is the Sun?") == pytest.approx(2 / 6)
    assert overlap("?", "!") == 0
