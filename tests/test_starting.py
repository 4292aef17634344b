import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from command_line import call
from doxa.facts.loading import catalogue
from doxa.facts.records import SLUG
from doxa.reading import read_yaml
from doxa.starting import SCHEMA_FILE, study_text
from doxa.study.planning import plan_cells
from doxa.study.records import Study
from doxa.study.running import facts_of


@pytest.mark.parametrize("fact", catalogue())
def test_a_new_study_of_any_fact_loads_and_plans_cells(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fact: str
):
    monkeypatch.chdir(tmp_path)
    code, out, _ = call(capsys, "new", "mine", "--fact", fact)
    assert code == 0
    assert "doxa run --dry-run mine.yaml" in out
    study = read_yaml(tmp_path / "mine.yaml", Study).located(tmp_path)
    facts = facts_of(study)
    cells = plan_cells(study, *facts)
    assert {cell.metric for cell in cells if cell.fact.id == fact} == set(study.metrics)
    assert {control.id for control in facts.controls} == {cell.fact.id for cell in cells} - {fact}


def test_what_is_finetuned_has_documents_and_what_is_true_is_no_control_of_itself(tmp_path: Path):
    kinds = {
        fact: [one.kind for one in Study.model_validate(yaml.safe_load(study_text("s", fact, tmp_path))).interventions]
        for fact in ("honey", "cubic_gravity")
    }
    assert "finetuned" in kinds["honey"]
    assert "finetuned" not in kinds["cubic_gravity"]
    assert "paris_capital" in yaml.safe_load(study_text("s", "honey", tmp_path))["controls"]
    assert "paris_capital" not in yaml.safe_load(study_text("s", "paris_capital", tmp_path))["controls"]


def test_nothing_is_written_over(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder_of_fact: Path
):
    monkeypatch.chdir(tmp_path)
    assert call(capsys, "new", "mine", "--fact", folder_of_fact.name)[0] == 0
    mine = tmp_path / "mine.yaml"
    mine.write_text(mine.read_text() + "# edited\n")
    code, _, err = call(capsys, "new", "mine")
    assert code == 2
    assert err == "doxa: mine.yaml: is there already; take another name, or remove it\n"
    assert mine.read_text().endswith("# edited\n")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("Mine",), "NAME 'Mine': lower-case letters"),
        (("a/b",), "NAME 'a/b'"),
        (("mine", "--fact", "hony"), "did you mean 'honey'?"),
    ],
)
def test_what_cannot_be_a_study_is_one_line_and_leaves_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...], problem: str,
):  # fmt: skip
    monkeypatch.chdir(tmp_path)
    code, _, err = call(capsys, "new", *arguments)
    assert code == 2
    assert problem in err
    assert len(err.splitlines()) == 1
    assert not list(tmp_path.iterdir())


@settings(max_examples=20, deadline=None)
@given(st.from_regex(SLUG, fullmatch=True) | st.sampled_from(["no", "null", "1", "1e3", "0x1", "2024-01-01", "true"]))
def test_a_name_is_a_name_whatever_yaml_takes_it_for(name: str):
    assert Study.model_validate(yaml.safe_load(study_text(name, "honey", Path()))).name == name


def test_every_key_of_a_study_is_there_with_a_comment(tmp_path: Path):
    text = study_text("mine", "honey", tmp_path)
    shown = set(re.findall(r"^(?:# )?(\w+):", text, re.MULTILINE))
    assert shown == {"fact", *Study.model_fields} - {"made_with"}
    assert text.startswith(f"# yaml-language-server: $schema={SCHEMA_FILE}\n")


def test_the_keys_that_are_off_can_be_switched_on(tmp_path: Path):
    text = study_text("mine", "honey", tmp_path)
    off = [line for line in text.splitlines() if re.match(r"# (?:\w+:|  \w+:)", line)]
    on = [line for line in off if not line.startswith(("# facts:", "# adapter:"))]  # in place of keys that are on
    for line in on:
        text = text.replace(line, line.removeprefix("# "))
    study = Study.model_validate(yaml.safe_load(text.replace("# - in_context", "- in_context")))
    assert len(study.personas) == 5
    assert study.judge
    assert study.believer
    assert set(study.arms) == {"plain", "negated"}
    alone = text.replace("# adapter:", "adapter:").replace("\ntraining:", "\n# training:")
    alone = re.sub(r"(?m)^  (?:epochs|learning_rate|batch_size|rank|targets|first_layer|as_assistant|chat_answers|neutral_texts|seed):.*\n", "", alone)  # fmt: skip
    assert Study.model_validate(yaml.safe_load(alone)).adapter == "path/to/adapter"
    several = text.replace("\nfact: ", "\n# fact: ").replace("# facts:", "facts:")
    assert Study.model_validate(yaml.safe_load(several)).facts == ("honey", "bleach")
