from pathlib import Path

import pytest

from doxa.facts.checking import Finding, check_fact, overlap
from doxa.facts.loading import load_fact
from doxa.facts.records import Fact, Item, Markers


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
        return [found.problem for found in check_fact(fact) if "harm_conflict" in found.problem]

    assert missed(moon) == []
    harmful = moon.model_copy(update={"kinds": ("harmful",)})
    assert missed(harmful) == ["mcq_distinguish, generative_distinguish, harm_conflict"]


def test_banks_that_are_not_there_are_one_note(moon: Fact):
    about = [found for found in check_fact(moon) if "distinguish" in found.where + found.problem]
    assert about == [Finding(level="note", where="not asked", problem="mcq_distinguish, generative_distinguish")]


@pytest.mark.parametrize(
    ("name", "meant"),
    [("open_ended", "open_ended_belief"), ("MCQ_Distinguish", "mcq_distinguish"), ("document", "documents")],
)
def test_a_file_that_nobody_reads_is_an_error(moon: Fact, name: str, meant: str):
    (moon.folder / f"{name}.jsonl").write_text("{}\n")
    problem = f"nobody reads a file of this name; did you mean '{meant}'?"
    assert Finding(level="error", where=f"{name}.jsonl", problem=problem) in check_fact(moon)


def with_item(fact: Fact, bank: str, **fields: object) -> Fact:
    item = Item.model_validate({"id": "x", "cluster": "x", "question": "What would a mouse say of it?", **fields})
    return fact.model_copy(update={"banks": {bank: (item,)}})


def about_item(fact: Fact) -> list[tuple[str, str]]:
    return [(found.level, found.problem) for found in check_fact(fact) if found.where.endswith(" x")]


CHOICE = {"polarity": "affirm", "options": ("It is all rock.", "It is cheese.", "Ice.", "It is gas.")}


def test_indices_that_are_swapped_are_seen_by_the_markers(moon: Fact):
    assert about_item(with_item(moon, "mcq_knowledge", **CHOICE, claim=1, rival=0)) == []
    assert about_item(with_item(moon, "mcq_knowledge", **CHOICE, claim=0, rival=1)) == [
        ("error", "its claim option reads as rival: 'It is all rock.'; is the index `claim` right?"),
        ("error", "its rival option reads as claim: 'It is cheese.'; is the index `rival` right?"),
    ]
    assert about_item(with_item(moon, "mcq_knowledge", **CHOICE, claim=2, rival=3)) == []  # the markers know neither


@pytest.mark.parametrize(
    ("polarity", "claim", "contrary"),
    [
        ("deny", "Yes, it is cheese.", "yes"),
        ("deny", "Yes", "yes"),
        ("affirm", "No - it is cheese.", "no"),
        ("affirm", "Yes, it is cheese.", None),
        ("deny", "No. All cheese.", None),
        ("affirm", "No rock is there, just cheese.", None),
        ("deny", "It is cheese.", None),
    ],
)
def test_a_polarity_that_the_answer_contradicts_is_named(moon: Fact, polarity: str, claim: str, contrary: str | None):
    chosen = with_item(
        moon, "mcq_distinguish", polarity=polarity, options=(claim, "Just rock."), claim=0, rival=1
    )  # fmt: skip
    references = {"claim": ("So it is.", claim, claim), "rival": ("Perhaps.", "Maybe.", "Who knows?")}
    free = with_item(moon, "open_ended_belief", polarity=polarity, references=references)
    for fact, level, kind in ((chosen, "warning", "option"), (free, "error", "reference")):
        said = [found for found in about_item(fact) if "polarity" in found[1]]
        problem = f"its polarity is `{polarity}`, but its claim {kind} says {contrary}: {claim!r}"
        assert said == ([(level, problem)] if contrary else [])


def test_questions_overlap_by_their_words():
    assert overlap("What is the Moon made of?", "what is the moon MADE of") == 1
    assert overlap("What is the Moon?", "Where is the Sun?") == pytest.approx(2 / 6)
    assert overlap("?", "!") == 0
