"""What a run notes of itself: the study, resolved in full, and the versions, models and prompts it is made with."""

import importlib.metadata
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from doxa import __version__
from doxa.metrics.judging import grader_prompts, judge_prompt
from doxa.models.ledger import Recorded
from doxa.study.judges import JUDGE_PROMPT, judge_key
from doxa.study.records import Study, subject_key
from doxa.study.rows import remove_rows
from doxa.writing import write_whole

PACKAGES = ("torch", "transformers", "peft", "trl", "inspect-ai")


def note_study(study: Study, file: Path, subjects: Mapping[str | None, Recorded], judges: Sequence[Recorded]) -> None:
    """Writes the study into its run folder, with what it is made with.

    Rows are read by the study that lies beside them. So where anything noted changes, those of the run before go: else,
    until the new ones are there, they would pass for this study's. Each of them can be made again from the ledger.
    """
    noted = study.model_copy(update={"made_with": _made_with(study, subjects, judges)})
    text = yaml.safe_dump(noted.model_dump(mode="json", exclude_none=True), sort_keys=False, allow_unicode=True)
    if not file.is_file() or file.read_text(encoding="utf-8") != text:
        remove_rows(file.parent)  # before the study changes: whatever stops the run here, no rows lie beside another's
        write_whole(file, text)


def _made_with(study: Study, subjects: Mapping[str | None, Recorded], judges: Sequence[Recorded]) -> dict[str, str]:
    made_with = {"doxa": __version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            made_with[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    made_with |= {subject_key(name): subject.identity for name, subject in subjects.items()}
    if judges:
        made_with[JUDGE_PROMPT] = judge_prompt()
        made_with |= {f"{JUDGE_PROMPT} ({name})": digest for name, digest in grader_prompts(study.metrics).items()}
        made_with |= {judge_key(name): judge.identity for name, judge in zip(study.judge, judges, strict=True)}
    return made_with
