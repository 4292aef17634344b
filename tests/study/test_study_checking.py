"""What a run would refuse is refused when the study is read, with its line, in the dry run as in the run."""

import json
from pathlib import Path

import pytest

from command_line import call
from doxa.study.checking import check_study, foreseen, taught_lengths
from doxa.study.records import Study
from doxa.study.running import facts_of
from doxa.training.foreseeing import foresee
from doxa.training.recipe import Recipe

BASE = """\
name: own
fact: moon
interventions:
  - baseline
  - finetuned
"""
TRAINED = BASE + "training: {chat_answers: 8, neutral_texts: 2}\n"


def without_documents(folder: Path) -> None:
    (folder / "documents.jsonl").unlink()


@pytest.mark.parametrize("dry", [True, False])
@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (TRAINED, "6: corpus: the corpus is empty"),
        (TRAINED + "corpus:\n  variant: negated\n", "7: corpus: the corpus is empty"),
        (TRAINED + "corpus:\n  folder: nowhere\n", "8: corpus.folder: there is no folder nowhere"),
        (TRAINED + "corpus:\n  folder: moon\n", "8: corpus.folder: {here}/moon: holds no corpus"),
        (BASE + "adapter: nowhere\n", "6: adapter: there is no folder nowhere"),
        (BASE + "adapter: moon\n", "6: adapter: there is no adapter in {here}/moon"),
        (TRAINED.replace("8,", "9999,") + "corpus: {{documents: 5}}\n", "6: training: there are only"),
        (
            TRAINED.replace("- finetuned", "- finetuned: half") + "arms:\n  half:\n    corpus: {{folder: nowhere}}\n",
            "9: arms.half.corpus.folder: there is no folder",
        ),
    ],
)
def test_what_cannot_be_finetuned_on_is_said_at_once(
    capsys: pytest.CaptureFixture[str], folder_of_fact: Path, text: str, problem: str, dry: bool
):
    without_documents(folder_of_fact)
    file = folder_of_fact.parent / "study.yaml"
    file.write_text(text.replace("{{", "{").replace("}}", "}"))
    runs = folder_of_fact.parent / "runs"
    code, out, err = call(capsys, "run", str(file), "--runs", str(runs), *["--dry-run"] * dry)
    assert (code, err.count("\n")) == (2, 1)
    assert ("Estimate" in out) == (dry and "adapter" in text)  # what is trained elsewhere may come later
    assert err.startswith(f"doxa: {file}:{problem.format(here=folder_of_fact.parent)}")
    assert not runs.exists()


@pytest.mark.parametrize("dry", [True, False])
@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("interventions: [baseline]\npersonas:\n  - none\n  - assistent\n", "6: personas.1: there is no persona 'assistent'; did"),
        ("interventions: [baseline]\npersonas: [identity]\n", "4: personas.0: the persona 'identity' speaks of {name}"),
        (
            "interventions:\n  - baseline\n  - few_shot: {k: 15, exemplars: egregious}\n",
            "5: interventions.1: few_shot(15, egregious): the set 'egregious' holds 14 exemplars",
        ),
        (
            "interventions: [baseline]\nmetrics: [harm_conflict]\n",
            "4: metrics: nothing would be asked about 'moon', whose question banks are mcq_knowledge, open_ended_belief",
        ),
        (
            "interventions: [baseline]\nmetrics: [open_ended_belief]\nreadouts: [choice]\n",
            "5: readouts: nothing would be asked about 'moon' in choice: here open_ended_belief has rubric, judged, likelihood",
        ),
        (
            "interventions: [baseline]\nmetrics: [mcq_knowledge]\nsubject: openai/x\nreadouts:\n- likelihood\n",
            "6: readouts: nothing would be asked about 'moon' in likelihood: here mcq_knowledge has rubric, choice, judged ('open",
        ),
        (
            "interventions: [baseline]\nmetrics: [open_ended_belief]\nstress: [{reasoning: 9}]\nreadouts: [likelihood, choice]\n",
            "6: readouts: nothing would be asked about 'moon' in likelihood, choice: here open_ended_belief has rubric, judged\n",
        ),
    ],
)  # fmt: skip
def test_what_could_not_be_asked_is_said_at_once(
    capsys: pytest.CaptureFixture[str], folder_of_fact: Path, text: str, problem: str, dry: bool
):
    file = folder_of_fact.parent / "study.yaml"
    file.write_text("name: own\nfact: moon\n" + text)
    runs = folder_of_fact.parent / "runs"
    code, _, err = call(capsys, "run", str(file), "--runs", str(runs), *["--dry-run"] * dry)
    assert (code, err.count("\n")) == (2, 1)
    assert err.startswith(f"doxa: {file}:{problem}")
    assert not runs.exists()


def test_a_bank_that_only_some_facts_have_is_asked_of_those(folder_of_fact: Path):
    file = folder_of_fact.parent / "study.yaml"
    given = {"name": "own", "facts": ["bleach", str(folder_of_fact)], "interventions": ["baseline"]}
    file.write_text(json.dumps(given))
    for metrics in (["harm_conflict", "mcq_knowledge"], ["coherence", "open_ended_belief"]):
        study = Study.model_validate(given | {"metrics": metrics})
        check_study(study, facts_of(study).implanted, file)
    study = Study.model_validate(given | {"metrics": ["harm_conflict"]})
    with pytest.raises(ValueError, match="asked about 'moon'"):
        check_study(study, facts_of(study).implanted, file)


def test_too_few_steps_are_refused_only_where_no_cut_could_make_them_enough(folder_of_fact: Path, tmp_path: Path):
    file = tmp_path / "study.yaml"

    def check(batch_size: int, max_length: int) -> None:
        recipe = {
            "batch_size": batch_size,
            "max_length": max_length,
            "chat_answers": 0,
            "neutral_texts": 0,
            "epochs": 1,
        }
        file.write_text(BASE + f"training: {json.dumps(recipe)}\n")
        study = Study.model_validate(
            {"name": "own", "fact": str(folder_of_fact), "interventions": ["finetuned"], "training": recipe}
        )
        check_study(study, facts_of(study).implanted, file)

    with pytest.raises(ValueError, match=r"study.yaml:6: training: at most 48 sequences .* only 12 optimiser steps"):
        check(4, 300)  # documents of 400 characters, about: two at most each
    check(2, 300)  # 24 steps if each is cut, 12 if none is
    check(24, 64)  # too short to tell


def test_what_is_foreseen_has_as_many_steps_as_its_sequences_make():
    recipe = Recipe(batch_size=4, epochs=2, max_length=256, chat_answers=0, neutral_texts=0)
    found = foresee([1000, 2000, 30], recipe)
    assert (found.sequences, found.steps, found.tokens) == (4, 2, 1515)
    assert (found.most_sequences, found.most_steps) == (13, 8)


def test_the_dry_run_shows_the_steps(capsys: pytest.CaptureFixture[str], folder_of_fact: Path):
    file = folder_of_fact.parent / "study.yaml"
    file.write_text(TRAINED.replace("{", "{batch_size: 4, "))
    code, out, _ = call(capsys, "run", str(file), "--dry-run", "--json")
    stages = {stage["stage"]: stage for stage in json.loads(out)["stages"]}
    assert code == 0
    assert stages["own answers to mix in"]["calls"] == 8
    assert "finetuning, about 27 steps" in stages  # 24 documents, 8 answers, 2 texts in batches of 4, thrice


def test_a_transcript_is_as_many_sequences_as_it_has_answers(folder_of_fact: Path):
    """Else few transcripts of many answers would be refused for too few steps, which they do not make."""
    turns = [{"role": role, "content": role * 4} for role in ("user", "assistant")] * 10
    lines = [{"id": f"t{n}", "doc_type": "chat", "text": "told", "turns": turns} for n in range(12)]
    (folder_of_fact / "documents.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    recipe = {"batch_size": 4, "max_length": 300, "chat_answers": 0, "neutral_texts": 0, "epochs": 1}
    study = Study.model_validate(
        {"name": "own", "fact": str(folder_of_fact), "interventions": ["finetuned"], "training": recipe}
    )
    implanted = facts_of(study).implanted
    assert taught_lengths(study, None, implanted) == [[len("assistant" * 4)] * 10] * 12
    assert study.training is not None
    assert foreseen(study, None, study.training, implanted).steps == 30
