from collections import Counter
from pathlib import Path

import pytest
from pydantic import ValidationError

from doxa.errors import FileError
from doxa.facts.loading import BANKS, load_fact
from doxa.reading import read_yaml
from doxa.study.planning import first_stems, generate_request, plan_cells, score_requests
from doxa.study.records import Study

HONEY, PARIS = load_fact("honey"), load_fact("paris_capital")


def study(**changes: object) -> Study:
    given = {"name": "s", "fact": "honey", "interventions": ["baseline", "pretend"], **changes}
    return Study.model_validate(given)


def test_the_grid_is_every_item_under_every_condition_in_every_readout():
    asked = study(metrics=BANKS, limits={"likelihood": 10}, control_limits={"likelihood": 5})
    cells = plan_cells(asked, [HONEY], [PARIS])
    counted = Counter((cell.fact.id, cell.condition.name, cell.family) for cell in cells)
    assert counted == {
        ("honey", "baseline", "rubric"): 200, ("honey", "pretend", "rubric"): 200,
        ("honey", "baseline", "likelihood"): 40, ("honey", "pretend", "likelihood"): 40,
        ("paris_capital", "baseline", "rubric"): 80, ("paris_capital", "baseline", "likelihood"): 20,
    }  # fmt: skip


def test_the_replications_bars_are_three_lines_of_a_study():
    """Told to pretend, alone and with each of two stress tests; what is true is asked under the same stress."""
    asked = study(
        interventions=["baseline", {"pretend": {"stress": ["none", "true_context", "scrutinise"]}}], readouts=["rubric"]
    )
    cells = plan_cells(asked, [HONEY], [PARIS])
    names = {
        fact: list(dict.fromkeys(c.condition.name for c in cells if c.fact.id == fact)) for fact in (HONEY.id, PARIS.id)
    }
    assert names["honey"] == ["baseline", "pretend", "pretend + true_context", "pretend + scrutinise(system)"]
    assert names["paris_capital"] == ["baseline", "baseline + true_context", "baseline + scrutinise(system)"]


def test_the_studys_stress_tests_cross_every_intervention_without_its_own():
    asked = study(
        interventions=["baseline", "pretend", {"few_shot": {"k": 1, "exemplars": "egregious", "stress": ["none"]}}],
        stress=["none", {"user_suggests": "heard"}],
    )
    assert [condition.name for condition in asked.conditions] == [
        "baseline", "baseline + user_suggests(heard, rival)", "pretend", "pretend + user_suggests(heard, rival)",
        "few_shot(1, egregious)",
    ]  # fmt: skip
    assert Study.model_validate(asked.model_dump(mode="json", exclude_none=True)) == asked


def test_the_finetune_answers_under_stress_too():
    asked = study(interventions=["finetuned"], adapter="x", stress=["none", "partner"])
    assert {condition.adapter for condition in asked.conditions + asked.control_conditions} == {"finetuned"}


def test_a_stress_is_not_asked_where_its_answers_cannot_be_read():
    asked = study(
        interventions=["baseline"], readouts=["rubric", "choice", "judged", "likelihood"], judge="openai/x", adversary="openai/y",
        stress=["none", {"language": "es"}, {"reasoning": 200}, "adversarial", "partner"],
    )  # fmt: skip
    cells = plan_cells(asked, [HONEY], [])
    read = {name: {c.family for c in cells if c.condition.stress.kind == name} for name in ("none", "language", "reasoning", "adversarial", "partner")}  # fmt: skip
    everything = {"rubric", "choice", "judged", "likelihood"}
    assert read == {
        "none": everything, "partner": everything, "language": {"choice", "judged"},
        "reasoning": everything - {"likelihood"}, "adversarial": everything - {"likelihood"},
    }  # fmt: skip


def test_reasoning_comes_on_top_of_the_answers_own_length():
    asked = study(interventions=["baseline"], stress=["none", {"reasoning": 300}], metrics=["open_ended_belief"], readouts=["rubric"])  # fmt: skip
    lengths = {c.condition.name: generate_request(c, asked).sampling.max_tokens for c in plan_cells(asked, [HONEY], [])}
    assert lengths == {"baseline": 40, "baseline + reasoning(300)": 340}


def test_documents_reach_sampled_and_scored_requests():
    asked = study(interventions=[{"in_context": 1}], readouts=["rubric", "likelihood"])
    for cell in plan_cells(asked, [HONEY], []):
        texts = ["A jar that went off."]
        requests = (
            score_requests(cell, texts) if cell.family == "likelihood" else [generate_request(cell, asked, texts)]
        )
        assert all("A jar that went off." in request.messages[0].content for request in requests)


def test_a_study_file_with_a_wrong_stress_names_the_line(tmp_path: Path):
    path = tmp_path / "study.yaml"
    path.write_text(
        "name: s\nfact: honey\ninterventions:\n  - baseline\n  - pretend: {stress: [none, {language: it}]}\n"
    )
    with pytest.raises(FileError, match=rf"^{path}:5: interventions.1.stress.1.language: .*'zh' \(given: 'it'\)$"):
        read_yaml(path, Study)


def test_a_limit_takes_new_stems_before_second_variants():
    items = HONEY.banks["generative_distinguish"]
    stems = len({item.cluster for item in items})
    assert len({item.cluster for item in first_stems(items, stems)}) == stems
    assert first_stems(items, None) == items
    assert len(first_stems(items, 7)) == 7


def test_a_limit_takes_one_item_of_each_stake_before_a_second():
    items = load_fact("bleach").banks["harm_conflict"]
    for limit in (3, 4, 8):
        taken = Counter(item.stakes for item in first_stems(items, limit))
        assert set(taken) == {"harmless", "costly", "harmful"}
        assert max(taken.values()) - min(taken.values()) <= 1


def test_samples_differ_in_their_requests_only_by_their_number():
    cells = plan_cells(study(answers={"samples": 2}, readouts=["rubric"]), [HONEY], [])
    one, other = (generate_request(cell, study()) for cell in cells[:2])
    assert one.model_copy(update={"sample": 1}) == other


def test_no_request_says_none():
    """Mistake: None formatted into the prompt asked the string "None" as a question."""
    for cell in plan_cells(study(readouts=["rubric", "choice", "likelihood"]), [HONEY], []):
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
        ({"interventions": ["pretend", {"pretend": {"stress": ["none"]}}]}, "listed twice: pretend"),
        ({"stress": ["partner", "partner"]}, r"listed twice: baseline \+ partner"),
        ({"stress": []}, "at least 1"),
        ({"stress": ["adversarial"], "readouts": ["rubric"]}, r"adversarial\(3\) needs an `adversary`"),
        ({"stress": [{"language": "de"}]}, r"language\(de\): none of `readouts` can read"),
        ({"metrics": ["mcq_knowlege"]}, "mcq_knowledge"),
    ],
)
def test_a_study_that_cannot_be_is_refused(changes: dict[str, object], problem: str):
    with pytest.raises(ValidationError, match=problem):
        study(**changes)
