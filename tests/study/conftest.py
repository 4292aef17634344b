from pathlib import Path

import pytest

from made_facts import write_fact

STUDY = """\
name: moon
fact: moon
controls: [{control}]
subject: {subject}
training: {{epochs: 8, batch_size: 4, learning_rate: 0.02, chat_answers: 6, neutral_texts: 2, checkpoints: 3}}
interventions: [baseline, system_prompt, {{few_shot: {{k: 1, exemplars: egregious}}}}, pretend, finetuned]
metrics: [mcq_knowledge, open_ended_belief]
readouts: [rubric, likelihood]
answers: {{max_tokens: 8, samples: 2}}
"""


def write_study(beside: Path, subject: Path) -> Path:
    """Writes a small study of the user's own fact on a tiny model, with itself as a control."""
    folder, control = write_fact(beside), beside / "sky"
    control.mkdir()
    for path in folder.iterdir():
        if path.name != "documents.jsonl":
            text = path.read_text().replace("id: moon", "id: sky").replace("[egregious]", "[true_control]")
            (control / path.name).write_text(text)
    path = beside / "study.yaml"
    path.write_text(STUDY.format(control="./sky", subject=subject))
    return path


@pytest.fixture
def study_file(tmp_path: Path, tiny: Path) -> Path:
    return write_study(tmp_path, tiny)


@pytest.fixture(scope="module")
def shared_study(tmp_path_factory: pytest.TempPathFactory, tiny: Path) -> Path:
    """One that several tests of a module read, and none changes."""
    return write_study(tmp_path_factory.mktemp("shared"), tiny)
