"""How far a run is, read from its folder while it runs; nothing is ever written there."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from doxa.corpus.store import read_corpus
from doxa.errors import DoxaError
from doxa.models.ledger import LEDGER, call_key
from doxa.models.protocol import GenerateRequest, ScoreRequest
from doxa.reading import read_yaml
from doxa.report.calls import stored
from doxa.study.planning import Cell, generate_request, plan_cells, score_requests
from doxa.study.records import Study, subject_key
from doxa.study.rows import FILE as ROWS
from doxa.study.rows import STUDY, has_rows_of_study
from doxa.study.running import UNDER_WAY, corpus_folder, facts_of

LOCAL = "local:"  # how the identity of a subject begins that can score fixed answers


class Stage(NamedTuple):
    """Part of a run: how much of it is done, and of how much where that is known."""

    name: str
    done: int
    total: int | None


class State(NamedTuple):
    """How far a run is.

    Attributes:
        version: Changes with the rows; "" while there are none.
        words: In a sentence.
        stages: In their order.
    """

    version: str
    words: str
    stages: list[Stage]


class Watcher:
    """Watches one run folder.

    Args:
        folder: The run folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._seen: object = None
        self._planned_for = self._problem = ""
        self._totals: dict[str, int] = {}
        self._open: dict[str, set[str]] = {}
        self._state = State("", "", [])

    @property
    def version(self) -> str:
        """Changes with the rows of the run; "" while there are none."""
        return _stamp(self.folder / ROWS)

    def state(self) -> State:
        """Returns how far the run is; looks again only where a file has changed."""
        stamps = tuple(map(_stamp, self._files()))
        if stamps != self._seen:
            self._seen = stamps
            if self._ended():
                self._state = State(self.version, "The run has ended.", [])
            else:
                self._plan()
                stages = [*self._under_way(), *self._training(), *self._asking()]
                self._state = State(self.version, self._words(), stages)
        return self._state

    def _ended(self) -> bool:
        """Whether there are rows of this very study, and no stage is under way or was killed."""
        return not (self.folder / UNDER_WAY).is_file() and has_rows_of_study(self.folder)

    def _files(self) -> list[Path]:
        own = [self.folder / name for name in (ROWS, STUDY, UNDER_WAY, LEDGER, f"{LEDGER}-wal")]
        return [*own, *sorted(self.folder.glob("adapters/*/metrics.jsonl"))]

    def _plan(self) -> None:
        """Names every call that the study plans, anew where the study has changed."""
        stamp = _stamp(self.folder / STUDY)
        if stamp == self._planned_for:
            return
        self._planned_for, self._problem, self._open = stamp, "", {}
        if not stamp:
            return
        try:
            study = read_yaml(self.folder / STUDY, Study)
            for stage, key in _planned(study, self.folder):
                self._open.setdefault(stage, set()).add(key)
        except DoxaError as error:  # a study that is being written, or a fact that has moved
            self._problem, self._open = str(error), {}
        self._totals = {stage: len(keys) for stage, keys in self._open.items()}

    def _asking(self) -> list[Stage]:
        for keys in self._open.values():
            keys -= stored(self.folder, keys)
        return [Stage(name, total - len(self._open[name]), total) for name, total in self._totals.items()]

    def _under_way(self) -> Iterator[Stage]:
        """Yields the stage that the run itself tells of, with its latest note and when that was."""
        path = self.folder / UNDER_WAY
        try:
            found, told = json.loads(path.read_text("utf-8")), time.localtime(path.stat().st_mtime)
        except (OSError, ValueError):  # between two stages
            return
        minutes, seconds = divmod(found["seconds"], 60)
        parts = [found["note"], f"after {minutes} min {seconds} s", f"at {time.strftime('%H:%M:%S', told)}"]
        yield Stage(f"{found['name']} ({', '.join(part for part in parts if part)})", found["done"], found["total"])

    def _training(self) -> Iterator[Stage]:
        for path in sorted(self.folder.glob("adapters/*/metrics.jsonl")):
            with path.open("rb") as file:
                yield Stage(f"training {path.parent.name}, steps", sum(1 for _ in file), None)

    def _words(self) -> str:
        if self._problem:
            return f"How many calls are still to come cannot be told: {self._problem}."
        if not self._totals:
            return "Corpus and training come first: what will be asked is known once they are done."
        left = sum(map(len, self._open.values()))
        if left:
            below = "what stands below is of an earlier run" if self.version else "verdicts come after the last"
            return f"{left:,} of {sum(self._totals.values()):,} calls are still to come; {below}."
        return "Every call that can be foreseen is answered; verdicts are on their way."


def _planned(study: Study, folder: Path) -> Iterator[tuple[str, str]]:
    """Yields stage and key of every call whose words are known before anything is answered.

    Judges and adversaries are asked about answers, so theirs are not; a dialogue counts by its first question.
    """
    facts = facts_of(study)
    documents = {arm: _documents(study, folder, arm) for arm in study.arms_shown}
    for cell in plan_cells(study, facts.implanted, facts.controls):
        intervention = cell.condition.intervention
        shown = documents.get(intervention.arm, {}) if intervention.kind == "in_context" else {}
        if intervention.kind == "in_context" and not shown:
            continue
        identity = study.made_with.get(subject_key(cell.condition.adapter), "")
        texts = shown.get(cell.fact.id) or shown.get("") or []
        for kind, request in _requests(cell, study, texts, identity):
            yield f"asking, {intervention.name}", call_key(identity, kind, request)


def _requests(
    cell: Cell, study: Study, texts: list[str], identity: str
) -> Iterator[tuple[str, GenerateRequest | ScoreRequest]]:
    if cell.family != "likelihood":
        yield "generate", generate_request(cell, study, texts)
    elif identity.startswith(LOCAL):
        yield from (("score", request) for request in score_requests(cell, texts))


def _documents(study: Study, folder: Path, arm: str | None) -> dict[str, list[str]]:
    """Returns the texts of an arm's corpus by fact, under "" those of a study with one fact; none of a mixture."""
    if study.arm(arm).mixture:
        return {}
    plan = study.arm(arm).corpus
    _, documents, _ = read_corpus(Path(plan.folder).expanduser() if plan.folder else corpus_folder(folder, arm))
    if len(study.facts) == 1:
        return {"": [document.text for document in documents]}
    found: dict[str, list[str]] = {}
    for document in documents:
        found.setdefault(document.fact, []).append(document.text)
    return found


def _stamp(path: Path) -> str:
    try:
        found = path.stat()
    except OSError:
        return ""
    return f"{found.st_mtime_ns:x}-{found.st_size:x}"
