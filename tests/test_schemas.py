import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from command_line import call
from doxa.facts.loading import CATALOGUE, catalogue
from doxa.schemas import attributes, schema
from doxa.starting import study_text
from doxa.study.records import Study

ROOT = Path(__file__).parents[1]
STUDY, FACT = (jsonschema.Draft202012Validator(schema(what)) for what in ("study", "fact"))
KINDS = ("baseline", "finetuned", "system_prompt", "few_shot", "pretend", "in_context", "bogus")
STRESSES = (
    "none",
    "scrutinise",
    "web_search",
    "user_suggests",
    "language",
    "adversarial",
    "reasoning",
    "partner",
    "it",
)
VALUES = st.sampled_from([None, 1, 0, 4, "egregious", "system", "user", "supports", "casual", "rival", "es", "it", {}])
SETTINGS = ("k", "exemplars", "arm", "turn", "finding", "strength", "side", "language", "rounds", "tokens", "depth")


def shorthand(kinds: tuple[str, ...], **more: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Draws what people may write for a condition, right and wrong: a kind, a kind with settings, or whole fields."""
    kind = st.sampled_from(kinds)
    given_value = VALUES.filter(lambda value: value is not None)
    own = st.dictionaries(st.sampled_from(SETTINGS), given_value, max_size=2)
    if more:
        own = st.builds(lambda first, extra: first | extra, own, st.fixed_dictionaries({}, optional=more))
    whole = st.builds(lambda name, fields: {"kind": name, **fields}, kind, own)
    return kind | st.builds(lambda name, value: {name: value}, kind, VALUES | own) | whole


STRESS = shorthand(STRESSES)
INTERVENTION = shorthand(KINDS, stress=st.lists(STRESS, max_size=1))


def study(**changes: Any) -> dict[str, Any]:
    base = {"name": "s", "fact": "honey", "interventions": ["baseline"], "arms": {"egregious": {}}, "adversary": "x/y"}
    return {**base, "readouts": ["rubric", "judged"], "judge": "openai/x", "training": {}, **changes}


def accepted(given_study: dict[str, Any]) -> bool:
    try:
        Study.model_validate(given_study)
    except ValidationError as error:
        # An arm that is not there is between two fields, which a schema does not see.
        return all("there is no arm" in str(one["msg"]) for one in error.errors())
    return True


@settings(deadline=None)
@given(STRESS)
def test_a_stress_fits_the_schema_where_the_study_takes_it(stress: Any):
    assert STUDY.is_valid(study(stress=[stress])) == accepted(study(stress=[stress]))


@settings(deadline=None)
@given(INTERVENTION)
def test_an_intervention_fits_the_schema_where_the_study_takes_it(intervention: Any):
    given_study = study(interventions=[intervention])
    assert STUDY.is_valid(given_study) == accepted(given_study)


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.yaml")), ids=lambda path: path.name)
def test_the_examples_fit(path: Path):
    STUDY.validate(yaml.safe_load(path.read_text("utf-8")))


@pytest.mark.parametrize("fact", catalogue())
def test_the_catalogue_and_new_studies_fit(fact: str, tmp_path: Path):
    # Editors see a date as the text that stands in the file.
    FACT.validate(json.loads(json.dumps(yaml.safe_load((CATALOGUE / fact / "fact.yaml").read_text("utf-8")), default=str)))  # fmt: skip
    STUDY.validate(yaml.safe_load(study_text("s", fact, tmp_path)))


@pytest.mark.parametrize("judge", [None, "openai/x", ["openai/x", "openai/y"]])
def test_a_judge_is_a_name_or_several(judge: object):
    STUDY.validate(study(judge=judge))


@pytest.mark.parametrize(
    "changes",
    [
        {"facts": ["honey"]},
        {"nmae": "s"},
        {"judge": 3},
        {"metrics": ["mcq"]},
        {"limits": {"x": 1}},
        {"interventions": []},
    ],
)
def test_what_the_study_refuses_the_schema_refuses(changes: dict[str, Any]):
    assert not STUDY.is_valid(study(**changes))
    assert not accepted(study(**changes))


def test_every_key_is_described():
    for what in ("study", "fact"):
        whole = schema(what)
        parts = {what: whole, **whole["$defs"]}
        undescribed = [(part, name) for part, one in parts.items() for name, field in one.get("properties", {}).items() if "description" not in field]  # fmt: skip
        assert undescribed == []


def test_descriptions_are_those_of_the_docstrings():
    text = """First line.

    More.

    Attributes:
        one: What one is, which takes
            two lines: a long one.
        two: Short.

    Raises:
        three: No attribute.
    """
    assert attributes(text) == {"one": "What one is, which takes two lines: a long one.", "two": "Short."}
    assert schema("study")["properties"]["adversary"]["description"].startswith("Name of the model that argues")


@pytest.mark.parametrize("what", ["study", "fact"])
def test_the_committed_schemas_are_up_to_date(capsys: pytest.CaptureFixture[str], what: str):
    code, out, _ = call(capsys, "schema", what)
    assert code == 0
    path = ROOT / "docs" / "schemas" / f"{what}.json"
    assert path.read_text("utf-8") == out, f"run: doxa schema {what} > docs/schemas/{what}.json"
