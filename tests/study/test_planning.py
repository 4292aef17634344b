from collections import Counter

import pytest
from pydantic import ValidationError

from doxa.facts.loading import load_fact
from doxa.study.planning import first_stems, generate_request, plan_cells, score_requests
from doxa.study.records import Study

HONEY, PARIS = load_fact("honey"), load_fact("paris_capital")


def study(**changes: object) -> Study:
    given = {"name": "s", "fact": "honey", "interventions": ["baseline", "pretend"], **changes}
    return Study.model_validate(given)


def test_the_grid_is_every_item_under_every_condition_in_every_readout():
    cells = plan_cells(study(limits={"likelihood": 10}, control_limits={"likelihood": 5}), HONEY, [PARIS])
    counted = Counter((cell.fact.id, cell.condition.name, cell.family) for cell in cells)
    assert counted == {
        ("honey", "baseline", "rubric"): 200, ("honey", "pretend", "rubric"): 200,
        ("honey", "baseline", "likelihood"): 40, ("honey", "pretend", "likelihood"): 40,
        ("paris_capital", "baseline", "rubric"): 80, ("paris_capital", "baseline", "likelihood"): 20,
    }  # fmt: skip


def test_a_limit_takes_new_stems_before_second_variants():
    items = HONEY.banks["generative_distinguish"]
    stems = len({item.cluster for item in items})
    assert len({item.cluster for item in first_stems(items, stems)}) == stems
    assert first_stems(items, None) == items
    assert len(first_stems(items, 7)) == 7


def test_samples_differ_in_their_requests_only_by_their_number():
    cells = plan_cells(study(answers={"samples": 2}, readouts=["rubric"]), HONEY, [])
    one, other = (generate_request(cell, study()) for cell in cells[:2])
    assert one.model_copy(update={"sample": 1}) == other


def test_no_request_says_none():
    """Mistake: None formatted into the prompt asked the string "None" as a question."""
    for cell in plan_cells(study(readouts=["rubric", "choice", "likelihood"]), HONEY, []):
        requests = score_requests(cell) if cell.family == "likelihood" else [generate_request(cell, study())]
        if "None" not in cell.item.model_dump_json():
            assert not any("None" in message.content for request in requests for message in request.messages)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"interventions": ["baseline", "finetuned"]}, "needs `training`"),
        ({"interventions": ["baseline", "baseline"]}, "listed twice"),
        ({"interventions": []}, "at least 1"),
        ({"readouts": ["judged"]}, "needs a `judge`"),
        ({"judge": "openai/x", "subject": "openai/x"}, "never judges itself"),
        ({"interventions": ["baseline", "finetuned"], "training": {}, "adapter": "x"}, "not both"),
        ({"adapter": "x"}, "not among the interventions"),
        ({"controls": ["honey"]}, "cannot be its own control"),
        ({"metrics": ["mcq_knowledge", "mcq_knowledge"]}, "lists something twice"),
        ({"limits": {"rubric": -5}}, "greater than or equal to 1"),
        ({"answers": {"samples": 3, "temperature": 0}}, "are all the same"),
        ({"metrics": ["mcq_knowlege"]}, "mcq_knowledge"),
    ],
)
def test_a_study_that_cannot_be_is_refused(changes: dict[str, object], problem: str):
    with pytest.raises(ValidationError, match=problem):
        study(**changes)
