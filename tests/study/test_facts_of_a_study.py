"""Facts that would be taken for one another, or for what they are not, are refused as soon as they are loaded."""

from pathlib import Path

import pytest

from command_line import call
from doxa.errors import InputError
from doxa.study.records import Study
from doxa.study.running import facts_of


def study(**changes: object) -> Study:
    return Study.model_validate({"name": "s", "fact": "honey", "interventions": ["baseline"], **changes})


def test_a_control_is_a_true_fact(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    with pytest.raises(InputError, match="controls: 'bleach' is not of the kind `true_control`"):
        facts_of(study(controls=["paris_capital", "bleach"]))
    file = tmp_path / "study.yaml"
    file.write_text("name: s\nfact: honey\ninterventions: [baseline]\ncontrols: [bleach]\n")
    code, _, err = call(capsys, "run", str(file), "--dry-run")
    assert (code, err.count("\n")) == (2, 1)
    assert "'bleach' is not" in err


def test_two_facts_of_one_id_are_refused(folder_of_fact: Path):
    text = folder_of_fact / "fact.yaml"
    text.write_text(text.read_text().replace("id: moon", "id: honey"))
    one = study().model_dump(include={"name", "interventions"})
    with pytest.raises(InputError, match="two facts of the study have the id 'honey'"):
        facts_of(Study.model_validate(one | {"facts": ["honey", str(folder_of_fact)]}))
    text.write_text(text.read_text().replace("id: honey", "id: bleach").replace("[egregious]", "[true_control]"))
    with pytest.raises(InputError, match="two facts of the study have the id 'bleach'"):
        facts_of(study(fact="bleach", controls=[str(folder_of_fact)]))


def test_an_arm_never_shares_the_folder_of_the_studys_own_adapter(folder_of_fact: Path):
    """Mistake: the arm `moon` and `finetuned` by itself were one adapter, so wrong weights answered."""
    arms = {"fact": str(folder_of_fact), "training": {}, "arms": {"moon": {}, "other": {}}}
    both = ["finetuned", {"finetuned": "moon"}]
    with pytest.raises(InputError, match=r"arms.moon: has the name of the fact"):
        facts_of(study(**arms, interventions=both))
    for fine in (["finetuned"], [{"finetuned": "moon"}, {"finetuned": "other"}], ["finetuned", {"finetuned": "other"}]):
        assert facts_of(study(**arms, interventions=fine)).implanted
