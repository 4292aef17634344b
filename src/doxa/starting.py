"""Start a study: a commented study file for a fact, and beside it the schema by which editors check and complete it."""

import json
import re
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from doxa.corpus.store import fact_documents
from doxa.errors import FileError, InputError
from doxa.facts.believers import speaks_of_somebody
from doxa.facts.loading import catalogue, in_catalogue, load_fact
from doxa.facts.records import SLUG, Fact
from doxa.metrics.records import TITLES
from doxa.schemas import schema
from doxa.writing import write_whole

SCHEMA_FILE = "doxa-study.schema.json"
TEMPLATES = Path(__file__).parent / "templates"


class Started(NamedTuple):
    """The files of a new study."""

    study: Path
    schema: Path


def start_study(name: str, fact: str, folder: Path) -> Started:
    """Writes `NAME.yaml` and the schema that its first line names; the schema is written anew where it is there.

    Args:
        name: Of the study.
        fact: Catalogue id, or the folder of a fact of one's own as seen from `folder`.
        folder: Where to write.

    Raises:
        InputError: The name cannot name a run folder.
        MissingError: There is no such fact.
        FileError: The study file is there already, or the fact cannot be read.
    """
    text = study_text(name, fact, folder)
    path = folder / f"{name}.yaml"
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise FileError(path, None, "", "is there already; take another name, or remove it") from None
    beside = folder / SCHEMA_FILE
    write_whole(beside, json.dumps(schema("study"), indent=2) + "\n")
    return Started(path, beside)


def study_text(name: str, fact: str, folder: Path) -> str:
    """Returns a commented study of a fact that runs as it stands: without a judge, on the embedded model.

    A fact without documents is not finetuned until its user says where documents come from.

    Args:
        name: See `start_study`.
        fact: See `start_study`.
        folder: Against which `fact` is read.

    Raises:
        InputError: The name cannot name a run folder.
        MissingError: There is no such fact.
    """
    if not re.fullmatch(SLUG, name):
        raise InputError(f"NAME '{name}': lower-case letters, digits, '-' and '_'; it names file and run folder")
    loaded = load_fact(fact if in_catalogue(fact) else str(folder / Path(fact).expanduser()))
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, trim_blocks=True, keep_trailing_newline=True
    )
    environment.filters["yaml"] = _scalar
    return environment.get_template("study.yaml.jinja").render(
        name=name,
        fact=fact,
        claim=" ".join(loaded.claim.split()),
        schema_file=SCHEMA_FILE,
        needs_believer=speaks_of_somebody(loaded),
        documents=len(fact_documents(loaded)),
        controls=_controls(loaded),
        metrics=[metric for metric in TITLES if metric in loaded.banks],
        all_metrics=list(TITLES),
    )


def _controls(fact: Fact) -> list[str]:
    """Returns the true controls of the catalogue that can be asked something that this fact is asked, too."""
    return [other.id for other in _true_controls() if other.id != fact.id and set(other.banks) & set(fact.banks)]


@cache
def _true_controls() -> tuple[Fact, ...]:
    last = takewhile(lambda fact: fact.is_true, map(load_fact, reversed(catalogue())))  # they come after all others
    return tuple(last)[::-1]


def _scalar(value: str) -> str:
    """Returns a text as one YAML scalar, in quotes where it would be read as something else."""
    dumped = yaml.safe_dump(value, width=10**6, allow_unicode=True)  # one line, however long
    return dumped.removesuffix("\n").removesuffix("\n...")
