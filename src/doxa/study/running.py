"""Run a study: corpus, adapter, every cell of the grid, rows. Each stage is kept, so a killed run goes on."""

import importlib.metadata
import platform
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import yaml

from doxa import __version__
from doxa.conditions.interventions import shown_documents
from doxa.errors import InputError
from doxa.facts.loading import load_fact
from doxa.facts.records import Fact
from doxa.locking import alone
from doxa.metrics.catalogue import METRICS
from doxa.metrics.judging import judge_request, read_judgement, shows_claim_first
from doxa.metrics.records import Reading, Readout, Row
from doxa.models.ledger import LEDGER, Ledger, Recorded
from doxa.models.local.model import LocalModel
from doxa.models.opening import open_model
from doxa.models.protocol import Answer
from doxa.progress import Progress
from doxa.study.answering import Asking, read_sampled, sample_answers, says_something
from doxa.study.planning import Cell, plan_cells, score_requests
from doxa.study.records import ADAPTER, Study
from doxa.study.rows import save_rows
from doxa.study.subjects import prepare_adapter, prepare_corpus

STUDY = "study.yaml"
PACKAGES = ("torch", "transformers", "peft", "trl", "inspect-ai")


def run_study(study: Study, folder: Path, beside: Path, progress: Progress, memory: int | None = None) -> list[Row]:
    """Runs a study into its folder, or goes on where an earlier run stopped, and returns its rows.

    Args:
        study: What is asked for.
        folder: The run folder.
        beside: Folder against which the study's relative paths are read.
        progress: Hears of every stage.
        memory: Bytes that a local subject may hold beyond its weights; None for half of what is free.

    Raises:
        DoxaError: Something that the user gave cannot be used; what was done before is kept.
    """
    study = study.located(beside)
    fact = load_fact(study.fact)
    controls = [load_fact(name) for name in study.controls]
    base_model = open_model(study.subject, memory)
    judge_model = open_model(study.judge) if study.judge and "judged" in study.readouts else None
    if judge_model is not None and judge_model.identity == base_model.identity:
        raise InputError(f"a model never judges itself: '{study.judge}' is the subject")
    with closing(Ledger(folder / LEDGER)) as ledger, alone(folder):
        base = Recorded(base_model, ledger)
        judge = Recorded(judge_model, ledger) if judge_model else None
        subjects: dict[str | None, Recorded] = {None: base}
        documents = []
        if study.shows_documents or (study.finetunes and study.training is not None):
            documents = prepare_corpus(study, fact, base, ledger, folder / "corpus", progress)
        texts = [document.text for document in documents]
        for intervention in study.interventions:
            if intervention.kind == "in_context":
                shown_documents(intervention, fact, texts)  # too few is said before anything is trained or asked
        if study.finetunes:
            adapted = prepare_adapter(study, fact, documents, base, folder / "adapters" / fact.id, progress)
            subjects[ADAPTER] = Recorded(adapted, ledger)
        asking = Asking(study, texts, judge, _adversary(study, base, ledger), progress)
        _note_study(study, folder, subjects)
        rows = _ask(plan_cells(study, fact, controls), subjects, asking)
        save_rows(folder, rows)
    return rows


def _adversary(study: Study, base: Recorded, ledger: Ledger) -> Recorded | None:
    """Returns who argues, if anybody does; a subject can argue against itself."""
    if study.adversary is None or all(stress.kind != "adversarial" for stress in study.stresses):
        return None
    return base if study.adversary == study.subject else Recorded(open_model(study.adversary), ledger)


def _ask(cells: Sequence[Cell], subjects: dict[str | None, Recorded], asking: Asking) -> list[Row]:
    """Asks every cell, subject by subject, and returns the rows in the order of the cells."""
    rows: list[list[Row]] = [[] for _ in cells]
    for name, subject in subjects.items():
        label = name or "base"
        mine = [place for place, cell in enumerate(cells) if cell.condition.adapter == name]
        sampled = [place for place in mine if cells[place].family != "likelihood"]
        scored = [place for place in mine if cells[place].family == "likelihood"]
        found = _ask_sampled([cells[place] for place in sampled], subject, label, asking)
        for place, row in zip(sampled, found, strict=True):
            rows[place] = [row]
        if isinstance(subject.model, LocalModel):
            for place, several in zip(
                scored, _ask_likelihood([cells[place] for place in scored], subject, label, asking), strict=True
            ):
                rows[place] = several
    return [row for several in rows for row in several]


def _ask_sampled(cells: Sequence[Cell], subject: Recorded, label: str, asking: Asking) -> list[Row]:
    """Returns a row for each sampled cell, in their order."""
    given = sample_answers(cells, subject, label, asking)
    read = [read_sampled(cell, found.answer) for cell, found in zip(cells, given, strict=True)]
    readings = [(reading, found.calls) for (_, reading), found in zip(read, given, strict=True)]
    # A failed call or an empty answer has its verdict already: a judge would only make one up.
    judged = [place for place, cell in enumerate(cells) if cell.family == "judged" and says_something(read[place][0])]
    if judged and asking.judge is not None:
        chosen = [cells[place] for place in judged]
        verdicts = _judge(chosen, [read[place][0] for place in judged], asking.judge, label, asking.progress)
        for place, (reading, key) in zip(judged, verdicts, strict=True):
            readings[place] = reading, (*given[place].calls, key)
    return [
        _row(cell, subject, cell.family, reading, calls)  # pyright: ignore[reportArgumentType]
        for cell, (reading, calls) in zip(cells, readings, strict=True)
    ]


def _judge(
    cells: Sequence[Cell], answers: Sequence[Answer], judge: Recorded, label: str, progress: Progress
) -> list[tuple[Reading, str]]:
    first = [shows_claim_first(cell.item.id, cell.sample) for cell in cells]
    requests = [
        judge_request(cell.fact, cell.item.question, answer.text, claim_first)
        for cell, answer, claim_first in zip(cells, answers, first, strict=True)
    ]
    with progress.stage(f"judging answers ({label})", len(requests)) as advance:
        judgements = judge.generate(requests, advance)
    keys = judge.keys("generate", requests)
    return [
        (read_judgement(judgement, claim_first), key)
        for judgement, claim_first, key in zip(judgements, first, keys, strict=True)
    ]


def _ask_likelihood(cells: Sequence[Cell], subject: Recorded, label: str, asking: Asking) -> list[list[Row]]:
    """Returns the rows of each likelihood cell, one a scoring, in their order."""
    asked = [score_requests(cell, asking.documents) for cell in cells]
    requests = [request for group in asked for request in group]
    if not requests:
        return []
    with asking.progress.stage(f"scoring fixed answers ({label})", len(requests)) as advance:
        scores = subject.score(requests, advance)
    keys = subject.keys("score", requests)
    rows: list[list[Row]] = []
    start = 0
    for cell, group in zip(cells, asked, strict=True):
        part = slice(start, start + len(group))
        readings = METRICS[cell.metric].read_scores(cell.item, scores[part])
        rows.append([_row(cell, subject, readout, reading, tuple(keys[part])) for readout, reading in readings.items()])
        start += len(group)
    return rows


def _row(cell: Cell, subject: Recorded, readout: Readout, reading: Reading, calls: tuple[str, ...]) -> Row:
    return Row(
        fact=cell.fact.id,
        metric=cell.metric,
        readout=readout,
        condition=cell.condition.name,
        subject=subject.identity,
        item=cell.item.id,
        cluster=cell.item.cluster,
        sample=cell.sample,
        verdict=reading.verdict,
        score=reading.score,
        calls=calls,
    )


def _note_study(study: Study, folder: Path, subjects: dict[str | None, Recorded]) -> None:
    """Writes the study, resolved in full, into its run folder."""
    made_with = {"doxa": __version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            made_with[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    made_with |= {f"subject ({name or 'base'})": subject.identity for name, subject in subjects.items()}
    resolved = study.model_copy(update={"made_with": made_with})
    text = yaml.safe_dump(resolved.model_dump(mode="json", exclude_none=True), sort_keys=False, allow_unicode=True)
    (folder / STUDY).write_text(text, encoding="utf-8")


def facts_of(study: Study) -> dict[str, Fact]:
    """Returns the facts of a located study by id, the implanted one first."""
    return {fact.id: fact for fact in map(load_fact, (study.fact, *study.controls))}
