"""What a run would refuse, found in the study file before anything is asked: every error names its line and field."""

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from doxa.conditions.interventions import tell
from doxa.conditions.personas import persona_prompt
from doxa.corpus.records import Document
from doxa.corpus.store import MANIFEST, fact_documents, read_corpus
from doxa.errors import FileError, InputError, MissingError
from doxa.facts.records import Fact
from doxa.metrics.catalogue import METRICS
from doxa.metrics.records import Family, MetricName
from doxa.models.local.weights import read_adapter
from doxa.models.naming import is_hosted
from doxa.reading import line_of
from doxa.study.arms import Arm, counts
from doxa.study.records import UNREADABLE, Study
from doxa.training.foreseeing import Foreseen, foresee
from doxa.training.preflight import TOO_FEW
from doxa.training.recipe import Recipe

WRITTEN = 2200  # characters of a document that is still to be written: about 550 tokens
LONGEST_WRITTEN = 4 * WRITTEN  # what no writer is expected to go beyond


def check_study(study: Study, implanted: Sequence[Fact], file: Path) -> None:
    """Refuses whatever a run would refuse: see `check_plan`, and documents and adapters that are not there.

    Args:
        study: Located.
        implanted: Its facts to implant.
        file: Where it stands.

    Raises:
        FileError: Names the line and the field of what is wrong.
    """
    check_plan(study, implanted, file)
    for name in study.arms_shown:
        for part in (name, *study.arm(name).mixture):
            _check_folder(study.arm(part), part, file)
    for name in study.arms_trained:
        if (adapter := study.arm(name).adapter) is not None:
            _check_adapter(adapter, name, file)


def check_plan(study: Study, implanted: Sequence[Fact], file: Path) -> None:
    """Refuses what could not be asked or trained; what is trained elsewhere, or only shown, may still be missing.

    Args:
        study: Located.
        implanted: Its facts to implant.
        file: Where it stands.

    Raises:
        FileError: Names the line and the field of what is wrong.
    """
    _check_prompts(study, implanted, file)
    for fact in implanted:
        _check_questions(study, fact, file)
    for name in study.arms_trained:
        arm = study.arm(name)
        if arm.training is None:
            continue
        if is_hosted(study.subject):
            problem = f"'{study.subject}' is hosted and cannot be finetuned here; give an `adapter`, or a local subject"
            raise _wrong(file, problem, name, "training")
        for part in (name, *arm.mixture):
            _check_folder(study.arm(part), part, file)
        _check_training(study, name, arm.training, implanted, file)


def taught_lengths(
    study: Study, name: str | None, implanted: Sequence[Fact], written: int = WRITTEN
) -> list[list[int]]:
    """Returns what each document of an arm has to teach, in characters, as far as that is known by now.

    A document is one text to learn, and a transcript as many as it has answers: each is a sequence of its own.

    Args:
        study: Located.
        name: Of the arm.
        implanted: The facts to implant.
        written: Characters that a document is taken to have which is still to be written.
    """
    arm = study.arm(name)
    if arm.mixture:
        parts = {part: taught_lengths(study, part, implanted, written) for part in arm.mixture}
        drawn = counts({part: len(lengths) for part, lengths in parts.items()}, arm.mixture)
        return [
            lengths for part, count in drawn.items() for lengths in sorted(parts[part], key=sum, reverse=True)[:count]
        ]
    if arm.corpus.folder is not None:
        documents = read_corpus(Path(arm.corpus.folder).expanduser())[1]
    else:
        documents = [document for fact in implanted for document in fact_documents(fact, arm.corpus.variant)]
    return [*map(_lengths, documents), *[[written]] * arm.corpus.documents]


def foreseen(study: Study, name: str | None, recipe: Recipe, implanted: Sequence[Fact]) -> Foreseen:
    """Estimates the finetune of an arm."""
    return foresee(list(chain.from_iterable(taught_lengths(study, name, implanted))), recipe)


def _lengths(document: Document) -> list[int]:
    answers = [len(turn.content) for turn in document.turns if turn.role == "assistant"]
    return answers if document.turns else [len(document.text)]


def _check_prompts(study: Study, implanted: Sequence[Fact], file: Path) -> None:
    """Refuses personas that nobody knows or that need a name, and more demonstrations than there are."""
    for place, persona in enumerate(study.personas):
        try:
            persona_prompt(persona, study.believer)
        except (InputError, MissingError) as error:
            raise _at(file, str(error), "personas", place) from None
    for place, item in enumerate(study.interventions):
        try:
            if item.kind == "few_shot":
                tell(item, implanted[0])
        except InputError as error:
            raise _at(file, str(error), "interventions", place) from None


def _check_questions(study: Study, fact: Fact, file: Path) -> None:
    """Refuses a study that would ask nothing about a fact that it implants."""
    metrics: list[MetricName] = [metric for metric in study.metrics if metric in fact.banks]
    if not metrics:
        problem = f"nothing would be asked about '{fact.id}', whose question banks are {', '.join(fact.banks)}"
        raise _at(file, problem, "metrics")
    readable = {metric: _readable(study, metric) for metric in metrics}
    if any(family in study.readouts for families in readable.values() for family in families):
        return
    could = "; ".join(f"{metric} has {', '.join(families)}" for metric, families in readable.items())
    hosted = f" ('{study.subject}' is hosted: no likelihood)" if is_hosted(study.subject) else ""
    problem = f"nothing would be asked about '{fact.id}' in {', '.join(study.readouts)}: here {could}{hosted}"
    raise _at(file, problem, "readouts")


def _readable(study: Study, metric: MetricName) -> list[Family]:
    """Returns the readouts in which a metric can be asked of the subject, under at least one of the stress tests."""
    hosted = is_hosted(study.subject)
    return [
        family
        for family in METRICS[metric].families
        if not (hosted and family == "likelihood")
        and any(family not in UNREADABLE.get(stress.kind, ()) for stress in study.stresses)
    ]


def _check_folder(arm: Arm, name: str | None, file: Path) -> None:
    """Refuses a finished corpus that is none."""
    if arm.corpus.folder is None:
        return
    folder = _existing(arm.corpus.folder, file, name, "corpus", "folder")
    try:
        manifest = read_corpus(folder)[0]
    except MissingError as error:
        raise _wrong(file, str(error), name, "corpus", "folder") from None
    if manifest is None:
        problem = f"the corpus in {folder} is not finished (it has no {MANIFEST}); write it first"
        raise _wrong(file, problem, name, "corpus", "folder")


def _check_adapter(adapter: str, name: str | None, file: Path) -> None:
    try:
        read_adapter(_existing(adapter, file, name, "adapter"))
    except MissingError as error:
        raise _wrong(file, str(error), name, "adapter") from None


def _existing(given: str, file: Path, name: str | None, *field: str) -> Path:
    """Returns a folder that a field of an arm names; refuses one that is not there."""
    folder = Path(given).expanduser()
    if not folder.is_dir():
        raise _wrong(file, f"there is no folder {given} (looked for beside this file, then from here)", name, *field)
    return folder


def _check_training(study: Study, name: str | None, recipe: Recipe, implanted: Sequence[Fact], file: Path) -> None:
    """Refuses a finetune without documents, or with too few optimiser steps however its documents are cut."""
    lengths = list(chain.from_iterable(taught_lengths(study, name, implanted, LONGEST_WRITTEN)))
    if not lengths:
        problem = (
            "the corpus is empty: there is nothing to finetune on; give the fact documents of its own, say how many "
            "`documents` to write, or name the `folder` of a finished corpus"
        )
        raise _wrong(file, problem, name, "corpus")
    try:
        found = foresee(lengths, recipe)
    except InputError as error:
        raise _wrong(file, str(error), name, "training") from None
    if found.most_steps is not None and found.most_steps < recipe.min_steps:
        problem = TOO_FEW.format(
            sequences=f"at most {found.most_sequences}", batch=recipe.batch_size, epochs=recipe.epochs,
            steps=found.most_steps, least=recipe.min_steps,
        )  # fmt: skip
        raise _wrong(file, problem, name, "training")


def _wrong(file: Path, problem: str, arm: str | None, *field: str) -> FileError:
    """Returns an error about a field of an arm.

    An arm may lean on the study's own settings, and both on what calls them: the line is that of the first of these.
    """
    own = field if arm is None else ("arms", arm, *field)
    line = line_of(file, own, own[:-1] or own, own[:2], field, field[:1], ("training",), ("interventions",))
    return FileError(file, line, ".".join(own), problem)


def _at(file: Path, problem: str, *field: str | int) -> FileError:
    """Returns an error about a field of the study."""
    return FileError(file, line_of(file, field), ".".join(map(str, field)), problem)
