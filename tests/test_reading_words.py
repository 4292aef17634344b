"""How an error in a YAML file is worded."""

from pathlib import Path

import pytest

from doxa.errors import FileError
from doxa.reading import read_yaml
from doxa.study.records import Study

BASE = "name: own\nfact: honey\ninterventions: [baseline]\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("name: s\nfact: [honey, bleach]\ninterventions: baseline\n", "2: fact: takes a single fact; give several as `facts: ["),
        (BASE + "controls: 3\n", "4: controls: must be a list (given: 3)"),
        (BASE + "personas: [[none]]\n", "4: personas.0: must be a text"),
        (BASE + "limits: 3\n", "4: limits: must be a mapping (given: 3)"),
        (BASE + "answers: short\n", "4: answers: must be a mapping of fields (given: 'short')"),
        (BASE + "answers:\n  samples: 2\n  temperature: 0\n", "6: answers.temperature: samples at temperature 0"),
        (BASE.replace("[baseline]", "\n  - baseline\n  - finetuned"), "5: interventions.1: `finetuned` needs `training`"),
        (BASE.replace("[baseline]", "\n  - baseline\n  - finetuned: x"), "5: interventions.1: there is no arm 'x'"),
        (BASE + "adapter: x\n", "4: adapter: `adapter` is given, but"),
        (BASE + "arms:\n  half:\n    mixture: {a: 1}\n", "6: arms.half.mixture: arm 'half': `mixture` takes"),
        (BASE + "readouts: judged\n", "4: readouts: the readout `judged` needs a `judge`"),
        (BASE + "metrics:\n  - coherence\n  - coherence\n", "4: metrics: `metrics` lists something twice"),
        (BASE + "stress:\n  - adversarial\n", "4: stress: the stress adversarial(3) needs an `adversary`"),
        (
            BASE.replace("[baseline]", "\n  - pretend:\n      stress: {language: de}"),
            "4: interventions.0.stress: the stress language(de): none of `readouts` can read its answers",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_study_points_to_its_line_in_plain_words(tmp_path: Path, text: str, problem: str):
    file = tmp_path / "study.yaml"
    file.write_text(text)
    with pytest.raises(FileError) as caught:
        read_yaml(file, Study)
    assert str(caught.value).startswith(f"{file}:{problem}")


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        (
            "- pretend:\n    stress: [none]",
            "`stress` stands beside `pretend`, not within it; indent it deeper than `pretend`",
        ),
        ("- finetuned: meta\n    stress: [none]", "`stress` stands beside `finetuned`, not within it"),
        ("- baseline:\n    pretend:", "`baseline` and `pretend` stand in one entry; give each an entry of its own"),
    ],
)
def test_what_stands_beside_an_intervention_is_told_where_it_belongs(tmp_path: Path, entry: str, problem: str):
    file = tmp_path / "study.yaml"
    file.write_text(BASE.replace("[baseline]", f"\n  - system_prompt\n  {entry}"))
    with pytest.raises(FileError) as caught:
        read_yaml(file, Study)
    assert str(caught.value).startswith(f"{file}:5: interventions.1: {problem}")


def test_a_list_of_one_may_be_written_without_brackets(tmp_path: Path):
    file = tmp_path / "study.yaml"
    one = {
        "facts": "honey", "controls": "paris_capital", "readouts": "rubric", "interventions": "baseline",
        "stress": "true_context", "personas": "none", "metrics": "mcq_knowledge",
    }  # fmt: skip
    file.write_text("name: s\n" + "".join(f"{field}: {name}\n" for field, name in one.items()))
    bare = read_yaml(file, Study)
    file.write_text("name: s\n" + "".join(f"{field}: [{name}]\n" for field, name in one.items()))
    assert bare == read_yaml(file, Study)
    file.write_text("name: s\nfact: honey\ncontrols:\ninterventions: {pretend: {stress: partner}}\nstress: {language: de}\nmetrics: coherence\nreadouts: judged\njudge: openai/x\n")  # fmt: skip
    mapped = read_yaml(file, Study)
    assert (mapped.controls, [condition.name for condition in mapped.conditions]) == ((), ["pretend + partner"])


@pytest.mark.parametrize(
    ("more", "where", "end"),
    [
        ("limits: {likelyhood: 16}\n", "4: limits.likelyhood: ", "(given: 'likelyhood'); did you mean 'likelihood'?"),
        ("metrics: [mcq_knowlege]\n", "4: metrics.0: ", "(given: 'mcq_knowlege'); did you mean 'mcq_knowledge'?"),
        ("readouts:\n  - xyz\n", "5: readouts.0: ", "(given: 'xyz')"),
        ("limits: {rubric: 0}\n", "4: limits.rubric: ", "(given: 0)"),
    ],
)
def test_a_misspelt_word_is_named_with_what_was_meant(tmp_path: Path, more: str, where: str, end: str):
    file = tmp_path / "study.yaml"
    file.write_text(BASE + more)
    with pytest.raises(FileError) as caught:
        read_yaml(file, Study)
    assert str(caught.value).startswith(f"{file}:{where}Input should be ")
    assert str(caught.value).endswith(end)
