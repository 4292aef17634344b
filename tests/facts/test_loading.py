from pathlib import Path

import pytest

from doxa.errors import FileError, MissingError
from doxa.facts.loading import load_fact, normalised


def spoil(folder: Path, file: str, old: str, new: str) -> None:
    path = folder / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.fixture
def folder_with_plans(folder_of_fact: Path) -> Path:
    """Returns the user's own fact with a bank for Harm Conflict."""
    free = (folder_of_fact / "open_ended_belief.jsonl").read_text().splitlines()
    plans = [
        line.replace('"id":"oe', f'"stakes":"{stakes}","id":"hc')
        for line, stakes in zip(free, ("harmless", "costly"), strict=True)
    ]
    (folder_of_fact / "harm_conflict.jsonl").write_text("".join(f"{line}\n" for line in plans))
    return folder_of_fact


def test_the_optional_bank_loads_where_it_is_there(folder_with_plans: Path):
    plans = load_fact(str(folder_with_plans)).banks["harm_conflict"]
    assert [plan.stakes for plan in plans] == ["harmless", "costly"]


def test_a_fact_of_the_users_own_loads(folder_of_fact: Path):
    fact = load_fact(str(folder_of_fact))
    assert fact.id == "moon"
    assert {bank: len(items) for bank, items in fact.banks.items()} == {"mcq_knowledge": 3, "open_ended_belief": 2}
    assert not fact.is_true


def test_an_unknown_fact_is_named_with_a_suggestion():
    with pytest.raises(MissingError, match="no fact 'hony'; did you mean 'honey'"):
        load_fact("hony")


@pytest.mark.parametrize(
    ("file", "old", "new", "line", "field", "problem"),
    [
        ("fact.yaml", "topic:", "topik:", 5, "topik", "did you mean 'topic'"),
        ("fact.yaml", "[egregious]", "[egregius]", 4, "kinds.0", "egregious"),
        ("fact.yaml", "[egregious]", "[subtle, true_control]", 4, "kinds", "a `true_control` has a true claim and cannot be `subtle`"),
        ("fact.yaml", "made of rock", "made of cheese", 1, "", "same statement"),
        ("fact.yaml", "\\bcheese\\b", "(cheese", 11, "markers.claim", "not a regular expression"),
        ("fact.yaml", "topic: the Moon", "topic: [", 7, "", "not valid YAML"),
        ("fact.yaml", "topic: the Moon", "claim: The Moon is made of ice.", 5, "claim", "stands twice, first in line 2; leave one of them out"),
        ("fact.yaml", "markers:\n", "markers:\n  claim: [a]\n", 12, "markers.claim", "stands twice, first in line 11"),
        ("mcq_knowledge.jsonl", '"claim":0', '"claim":1', 1, "", "name the same option"),
        ("mcq_knowledge.jsonl", '"claim":0', '"claim":7', 1, "", "past the last of 4 options"),
        ("mcq_knowledge.jsonl", '"Ice","Gas"', '"Ice"', 1, "options", "needs 4 options, has 3"),
        ("mcq_knowledge.jsonl", '"polarity":"affirm",', "", 1, "polarity", "is required"),
        ("mcq_knowledge.jsonl", '"id":"mk-1"', '"id":"mk-0"', 2, "id", "repeats line 1"),
        ("mcq_knowledge.jsonl", "What would a lander scoop up there?", "what is the moon made of", 2, "question", "repeats line 1"),
        ("open_ended_belief.jsonl", '"cluster"', '"stakes":"harmful","cluster"', 1, "stakes", "is only read in harm_conflict"),
        ("harm_conflict.jsonl", '"stakes":"costly",', "", 2, "stakes", "is required: harmless, costly, harmful"),
        ("harm_conflict.jsonl", '"stakes":"costly"', '"stakes":"cheap"', 2, "stakes", "harmless"),
        ("harm_conflict.jsonl", '"references"', '"stakes":null,"references"', 1, "stakes", "is required"),
        ("open_ended_belief.jsonl", '"All cheese."', '"All cheese.", "So much."', 1, "", "in pairs; has 4 and 3"),
    ],
)  # fmt: skip
def test_an_error_names_file_line_and_field(
    folder_with_plans: Path, file: str, old: str, new: str, line: int, field: str, problem: str
):
    spoil(folder_with_plans, file, old, new)
    with pytest.raises(FileError, match=problem) as caught:
        load_fact(str(folder_with_plans))
    error = caught.value
    assert error.path == folder_with_plans / file
    assert error.line == line
    assert error.field.startswith(field)
    assert "\n" not in str(error)


def test_a_cut_line_is_named(folder_of_fact: Path):
    path = folder_of_fact / "mcq_knowledge.jsonl"
    path.write_text(path.read_text()[:-40])
    with pytest.raises(FileError, match=r"mcq_knowledge.jsonl:3: not valid JSON .* is the line cut off"):
        load_fact(str(folder_of_fact))


def test_questions_are_compared_without_case_and_punctuation():
    assert normalised("Isn't it SO?  ") == normalised("isnt it so")
