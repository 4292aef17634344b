from pathlib import Path

import pytest

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


@pytest.fixture
def study_file(folder_of_fact: Path, tiny: Path) -> Path:
    """Returns a small study of the user's own fact on the tiny model, with itself as a control."""
    control = folder_of_fact.parent / "sky"
    control.mkdir()
    for path in folder_of_fact.iterdir():
        if path.name != "documents.jsonl":
            text = path.read_text().replace("id: moon", "id: sky").replace("[egregious]", "[true_control]")
            (control / path.name).write_text(text)
    path = folder_of_fact.parent / "study.yaml"
    path.write_text(STUDY.format(control="./sky", subject=tiny))
    return path
