from pathlib import Path

import pytest

from doxa.corpus.store import OWN
from doxa.errors import FileError, MissingError
from doxa.facts.loading import BESIDE, load_fact, normalised
from doxa.report.agreement import FILE


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
        ("mcq_knowledge.jsonl", '"claim":0', '"claim":7', 1, "", "`claim` is 7, past the last of 4 options"),
        ("mcq_knowledge.jsonl", '"rival":1', '"rival":4', 1, "", "`rival` is 4, past the last of 4 options"),
        ("fact.yaml", "claim: ['\\bcheese\\b']", "claim:\n    - cheese\n    - '\\b(cheese'", 13, "markers.claim.1", r"missing \), .* \(given: '\\b\(cheese'\)"),
        ("fact.yaml", "markers:", "forbidden:\n  - moon\n  - 'a['\nmarkers:", 12, "forbidden.1", "not a regular expression"),
        ("fact.yaml", "'\\bcheese\\b'", '"\\bcheese\\b"', 11, "markers.claim.0", "holds a backspace; use single quotes in YAML"),
        ("fact.yaml", "'\\bcheese\\b'", '"\\acheese"', 11, "markers.claim.0", r"the control character U\+0007; use single quotes"),
        ("open_ended_belief.jsonl", '"cluster"', '"markers":{"claim":["\\b"]},"cluster"', 1, "markers.claim.0", r"double the backslash \(\\\\b\)"),
        ("fact.yaml", "[egregious]\n", "[egregious,\n  subtle\n", 6, "", "',' or ']'.*, while reading the list that begins in line 4"),
        ("fact.yaml", "topic: the Moon", "topic: \"the Moon", 13, "", "while reading the quoted text that begins in line 5"),
        ("mcq_knowledge.jsonl", '"Ice","Gas"', '"Ice"', 1, "options", "needs 4 options, has 3"),
        ("mcq_knowledge.jsonl", '"polarity":"affirm",', "", 1, "polarity", "is required"),
        ("mcq_knowledge.jsonl", '"id":"mk-1"', '"id":"mk-0"', 2, "id", "repeats line 1"),
        ("open_ended_belief.jsonl", '"id":"oe-1"', '"id":"mk-0"', 2, "id", "stands in mcq_knowledge.jsonl already: 'mk-0'"),
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


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('{"id": "a", "options": ["b"', "Expecting ',' delimiter at column 28); is the line cut off?"),
        ('{"id": "a", "ques', "a text that starts at column 13 has no end at column 18); is the line cut off?"),
        ('{"id" "a"}', "Expecting ':' delimiter at column 7)"),
        ('{"id": "a"} {"id": "b"}', "Extra data at column 13)"),
    ],
)
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_the_column_of_what_is_not_json_is_the_true_one(folder_of_fact: Path, line: str, problem: str, end: str):
    path = folder_of_fact / "mcq_knowledge.jsonl"
    path.write_bytes((line + end).encode())
    with pytest.raises(FileError) as caught:
        load_fact(str(folder_of_fact))
    assert str(caught.value) == f"{path}:1: not valid JSON ({problem}"


def test_a_folder_that_is_not_there_is_no_misspelt_fact(tmp_path: Path):
    with pytest.raises(MissingError) as caught:
        load_fact(f"{tmp_path}/hony")
    assert str(caught.value) == f"there is no folder '{tmp_path}/hony'"


def test_a_fact_whose_only_bank_has_a_wrong_name_says_which(folder_of_fact: Path):
    (folder_of_fact / "mcq_knowledge.jsonl").unlink()
    (folder_of_fact / "open_ended_belief.jsonl").rename(folder_of_fact / "open_ended.jsonl")
    with pytest.raises(
        FileError, match=r"holds no question bank.*open_ended.jsonl: .*did you mean 'open_ended_belief'"
    ):
        load_fact(str(folder_of_fact))


def test_what_lies_beside_the_banks_is_known():
    assert {f"{name}.jsonl" for name in BESIDE} == {*OWN.values(), FILE}


def test_questions_are_compared_without_case_and_punctuation():
    assert normalised("Isn't it SO?  ") == normalised("isnt it so")
