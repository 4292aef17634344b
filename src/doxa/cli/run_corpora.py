"""The corpora of a run: where each of its arms has its documents, and what facts they are about."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from doxa.corpus.store import CORPUS, DOCUMENTS
from doxa.study.rows import STUDY

if TYPE_CHECKING:
    from doxa.facts.records import Fact
    from doxa.study.records import Study


def is_run(folder: Path) -> bool:
    """Whether a folder is a run's; before a run notes its study it has nothing but its corpora."""
    return (folder / STUDY).is_file() or (folder / CORPUS).is_dir()


def run_around(folder: Path) -> Path | None:
    """Returns the run that a folder is or whose corpus it holds, or None."""
    whole = folder.expanduser().resolve()
    if is_run(whole):
        return whole
    corpora = (one for one in (whole, whole.parent) if one.name == CORPUS)
    return next((one.parent for one in corpora if (one.parent / STUDY).is_file()), None)


def corpus_of(run: Path, arm: str | None) -> Path:
    """Returns the folder of the corpus of an arm, or of the only corpus there is.

    Args:
        run: The run folder.
        arm: Name of the arm; None for the study's own corpus, or for the only one of an arm.

    Raises:
        MissingError: The run has no corpus, or none of that arm.
        InputError: No arm is named, and several have a corpus.
    """
    from doxa.errors import InputError, MissingError

    corpora = corpora_of(run)
    if not corpora:
        raise MissingError(f"there is no corpus in {run}: nothing was finetuned in this run")
    if arm in corpora:
        return corpora[arm]
    if arm is not None:
        raise MissingError(f"{run} has no corpus of an arm '{arm}'; {_listed(corpora)}")
    if len(corpora) > 1:
        raise InputError(f"{run} has several corpora: {_listed(corpora)}")
    return next(iter(corpora.values()))


def further_corpora(run: Path, shown: Path) -> str:
    """Says which corpora a run has beside one of them, or ""."""
    others = {arm: folder for arm, folder in corpora_of(run).items() if folder != shown}
    return f"{run} has further corpora: {_listed(others)}" if others else ""


def corpora_of(run: Path) -> dict[str | None, Path]:
    """Returns the folder of every corpus of a run by the name of its arm, that of the study's own under None.

    Raises:
        FileError: The run's study does not fit.
    """
    own = run / CORPUS
    folders = [own, *sorted(own.glob("*/"))]
    found: dict[str | None, Path] = {
        None if folder == own else folder.name: folder for folder in folders if (folder / DOCUMENTS).is_file()
    }
    study = _study_of(run)
    if study is None:
        return found
    parts = [part for name in study.arms_used if name is not None for part in study.arms[name].mixture]
    for name in dict.fromkeys((*study.arms_used, *parts)):
        if finished := study.arm(name).corpus.folder:
            found[name] = Path(finished).expanduser()
    return found


def facts_of_run(run: Path) -> "tuple[Fact, ...]":
    """Returns the facts that a run implants; none while it has not noted its study.

    Raises:
        FileError: The run's study does not fit.
        MissingError: A fact is not where it was.
    """
    from doxa.study.running import facts_of

    study = _study_of(run)
    return facts_of(study).implanted if study is not None else ()


def _study_of(run: Path) -> "Study | None":
    from doxa.reading import read_yaml
    from doxa.study.records import Study

    return read_yaml(run / STUDY, Study) if (run / STUDY).is_file() else None


def _listed(corpora: Mapping[str | None, Path]) -> str:
    return ", ".join(f"--arm {arm}" if arm else "the study's own (no --arm)" for arm in corpora)
