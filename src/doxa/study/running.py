"""Run a study: corpus, adapter, every cell of the grid, rows. Each stage is kept, so a killed run goes on."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from doxa.conditions.interventions import shown_documents
from doxa.corpus.records import Document
from doxa.corpus.store import CORPUS
from doxa.errors import InputError
from doxa.facts.believers import named, speaks_of_somebody
from doxa.facts.loading import load_fact
from doxa.facts.records import Fact
from doxa.locking import alone
from doxa.metrics.catalogue import METRICS
from doxa.metrics.records import Reading, Readout, Row, Verdict
from doxa.models.costs import Spending, Wallet
from doxa.models.hosted import HostedModel
from doxa.models.ledger import LEDGER, Ledger, Recorded
from doxa.models.local.model import LocalModel
from doxa.models.local.weights import EMBEDDED, embedded_gguf, embedded_is_unpacked
from doxa.models.opening import open_model
from doxa.models.protocol import Model
from doxa.progress import Noted, Progress
from doxa.study.answering import Asking, read_sampled, sample_answers, says_something
from doxa.study.judges import judge_answers, open_judges
from doxa.study.noting import note_study
from doxa.study.planning import Cell, plan_cells, score_requests
from doxa.study.records import Study, finetuned
from doxa.study.rows import STUDY, save_rows
from doxa.study.subjects import prepare_adapter, prepare_corpora

UNDER_WAY = "under_way.json"  # the stage that is under way, while one is
UNBOUNDED = Spending()


def run_study(
    study: Study, folder: Path, beside: Path, progress: Progress, memory: int | None = None,
    spending: Spending = UNBOUNDED,
) -> list[Row]:  # fmt: skip
    """Runs a study into its folder, or goes on where an earlier run stopped, and returns its rows.

    Args:
        study: What is asked for.
        folder: The run folder.
        beside: Folder against which the study's relative paths are read.
        progress: Hears of every stage.
        memory: Bytes that a local subject may hold beyond its weights; None for half of what is free.
        spending: What hosted calls may cost, those of earlier runs into this folder counted in.

    Raises:
        BudgetError: The next call could pass the budget.
        DoxaError: Something that the user gave cannot be used; what was done before is kept.
    """
    study = study.located(beside)
    facts, controls = facts_of(study)
    if study.subject == EMBEDDED and embedded_gguf() is not None and not embedded_is_unpacked():
        progress.say("unpacking the embedded model, this once: less than a minute")
    base_model = open_model(study.subject, memory)
    judge_models = open_judges(study, base_model)
    adversary_model = _open_adversary(study, base_model)
    with closing(Ledger(folder / LEDGER)) as ledger, alone(folder):
        progress = Noted(progress, folder / UNDER_WAY)
        wallet = Wallet(ledger, spending.prices, spending.budget)
        for model in (base_model, *judge_models, adversary_model):
            if isinstance(model, HostedModel):
                model.purse = wallet
        base = Recorded(base_model, ledger)
        judges = [Recorded(model, ledger) for model in judge_models]
        adversary = None if adversary_model is None else Recorded(adversary_model, ledger)
        subjects: dict[str | None, Recorded] = {None: base}
        corpora = prepare_corpora(study, facts, base, wallet, folder / CORPUS, progress)
        texts = {(arm, fact.id): _texts(corpora[arm], fact, facts) for arm in study.arms_shown for fact in facts}
        for intervention in study.interventions:
            for fact in facts if intervention.kind == "in_context" else ():
                # Too few is said before anything is trained or asked.
                shown_documents(intervention, fact, texts[intervention.arm, fact.id])
        for name in study.arms_trained:
            where = adapter_folder(folder, name, facts)
            documents = corpora.get(name, [])
            adapted = prepare_adapter(study, study.arm(name), facts, documents, base, wallet, where, progress)
            subjects[finetuned(name)] = Recorded(adapted, ledger)
        asking = Asking(study, texts, judges, adversary, progress)
        note_study(study, folder / STUDY, subjects, judges)
        rows = _ask(plan_cells(study, facts, controls), subjects, asking)
        save_rows(folder, rows)
    return rows


def corpus_folder(folder: Path, arm: str | None) -> Path:
    """Returns where a run keeps the corpus of an arm."""
    return folder / CORPUS / (arm or "")


def adapter_folder(folder: Path, arm: str | None, facts: Sequence[Fact]) -> Path:
    """Returns where a run keeps the adapter of an arm; that of the study's own corpus is named after its fact."""
    return folder / "adapters" / (arm or facts[0].id)


def _texts(documents: Sequence[Document], fact: Fact, facts: Sequence[Fact]) -> list[str]:
    """Returns the texts about one of the facts; of a single fact they all are."""
    return [document.text for document in documents if len(facts) == 1 or document.fact == fact.id]


def _open_adversary(study: Study, subject: Model) -> Model | None:
    """Opens who argues, if anybody does; a subject can argue against itself."""
    if study.adversary is None or all(stress.kind != "adversarial" for stress in study.stresses):
        return None
    return subject if study.adversary == study.subject else open_model(study.adversary)


def _ask(cells: Sequence[Cell], subjects: dict[str | None, Recorded], asking: Asking) -> list[Row]:
    """Asks every cell, subject by subject, and returns the rows in the order of the cells."""
    rows: list[list[Row]] = [[] for _ in cells]
    for name, subject in subjects.items():
        label = name or "base"
        mine = [place for place, cell in enumerate(cells) if cell.condition.adapter == name]
        sampled = [place for place in mine if cells[place].family != "likelihood"]
        scored = [place for place in mine if cells[place].family == "likelihood"]
        found = _ask_sampled([cells[place] for place in sampled], subject, label, asking)
        for place, several in zip(sampled, found, strict=True):
            rows[place] = several
        if isinstance(subject.model, LocalModel):
            for place, several in zip(
                scored, _ask_likelihood([cells[place] for place in scored], subject, label, asking), strict=True
            ):
                rows[place] = several
    return [row for several in rows for row in several]


def _ask_sampled(cells: Sequence[Cell], subject: Recorded, label: str, asking: Asking) -> list[list[Row]]:
    """Returns the rows of each sampled cell, one a judge where each judge has its own, in their order."""
    given = sample_answers(cells, subject, label, asking)
    read = [read_sampled(cell, found.answer) for cell, found in zip(cells, given, strict=True)]
    # A failed call or an empty answer has its verdict already: a judge would only make one up.
    judged = [place for place, cell in enumerate(cells) if cell.family == "judged" and says_something(read[place][0])]
    chosen = [(cells[place], read[place][0]) for place in judged]
    rulings = dict(zip(judged, judge_answers(chosen, asking, label), strict=True))
    rows: list[list[Row]] = []
    for place, (cell, (_, reading), found) in enumerate(zip(cells, read, given, strict=True)):
        family: Readout = cell.family  # pyright: ignore[reportAssignmentType]
        if place in rulings:
            rows.append(
                [
                    _row(cell, subject, family, one.reading, (*found.calls, *one.calls), one.judge, one.votes)
                    for one in rulings[place]
                ]
            )
        else:
            names = asking.study.judged_by if family == "judged" else ("",)
            rows.append([_row(cell, subject, family, reading, found.calls, name) for name in names])
    return rows


def _ask_likelihood(cells: Sequence[Cell], subject: Recorded, label: str, asking: Asking) -> list[list[Row]]:
    """Returns the rows of each likelihood cell, one a scoring, in their order."""
    asked = [score_requests(cell, asking.shown(cell)) for cell in cells]
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


def _row(
    cell: Cell,
    subject: Recorded,
    readout: Readout,
    reading: Reading,
    calls: tuple[str, ...],
    judge: str = "",
    votes: tuple[Verdict, ...] = (),
) -> Row:
    return Row(
        fact=cell.fact.id,
        metric=cell.metric,
        readout=readout,
        persona=Path(cell.condition.persona).stem,
        condition=cell.condition.name,
        subject=subject.identity,
        item=cell.item.id,
        cluster=cell.item.cluster,
        sample=cell.sample,
        verdict=reading.verdict,
        score=reading.score,
        calls=calls,
        judge=judge,
        votes=votes,
    )


class Facts(NamedTuple):
    """What a study is about.

    Attributes:
        implanted: The facts to implant.
        controls: The true controls.
    """

    implanted: tuple[Fact, ...]
    controls: tuple[Fact, ...]

    @property
    def by_id(self) -> dict[str, Fact]:
        """Every fact, the implanted ones first."""
        return {fact.id: fact for fact in (*self.implanted, *self.controls)}


def facts_of(study: Study) -> Facts:
    """Loads the facts of a located study, with the believer's name filled in.

    Raises:
        InputError: A fact speaks of a believer, and the study names none; a control is not true; two facts have the
            same id; or an arm would have the folder of another adapter.
    """
    implanted, controls = (tuple(map(load_fact, names)) for names in (study.facts, study.controls))
    for control in controls:
        if not control.is_true:
            raise InputError(f"controls: '{control.id}' is not of the kind `true_control`; controls are true facts")
    ids = [fact.id for fact in (*implanted, *controls)]
    if twice := [id_ for place, id_ in enumerate(ids) if id_ in ids[:place]]:
        raise InputError(f"two facts of the study have the id '{twice[0]}', and rows name a fact by it; rename one")
    if {None, ids[0]} <= {*study.arms_trained}:
        raise InputError(
            f"arms.{ids[0]}: has the name of the fact, as the adapter of `finetuned` without an arm has; give the arm "
            "another"
        )
    if study.believer is None:
        for fact in implanted:
            if speaks_of_somebody(fact):
                raise InputError(f"'{fact.id}' speaks of {{name}}: give the study a `believer` with name and maker")
        return Facts(implanted, controls)
    return Facts(*(tuple(named(fact, study.believer) for fact in several) for several in (implanted, controls)))
