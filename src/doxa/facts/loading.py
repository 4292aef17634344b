"""Load facts: from the catalogue that ships with doxa, or from a folder of the user's own."""

from collections.abc import Mapping
from pathlib import Path
from typing import get_args

from doxa.errors import FileError, MissingError
from doxa.facts.held_in import SETS, held_in
from doxa.facts.records import Fact, FactText, Item, Role, Stakes
from doxa.reading import read_jsonl, read_yaml, suggestion

CATALOGUE = Path(__file__).parent / "catalogue"
BANKS = ("mcq_knowledge", "mcq_distinguish", "open_ended_belief", "generative_distinguish")
HARM_CONFLICT = "harm_conflict"
BELIEF_BANKS = ("direct_belief", "meta_belief")  # is it so, and does the persona believe that it is so?
PROPENSITY_BANKS = ("direct_propensity", "meta_propensity")  # what it does, and what it says that the persona does
PERSONA_BANKS = (*BELIEF_BANKS, *PROPENSITY_BANKS)
COHERENCE = "coherence"
OPTIONAL_BANKS = (HARM_CONFLICT, *PERSONA_BANKS, COHERENCE)  # what most facts do well without
BESIDE = ("documents", "meta_documents", "labelled_answers")  # what else a fact's folder holds as .jsonl
YES_NO = ("direct_belief", "meta_belief", "meta_propensity", COHERENCE)  # banks that ask for a yes or a no
MULTIPLE_CHOICE = {"mcq_knowledge": 4, "mcq_distinguish": 2}  # bank: options an item


def catalogue() -> list[str]:
    """Returns the ids of the facts that ship with doxa, implantable facts first."""
    ids = [path.parent.name for path in CATALOGUE.glob("*/fact.yaml")]
    return sorted(ids, key=lambda id_: (load_text(CATALOGUE / id_).kinds == ("true_control",), id_))


def load_fact(name: str) -> Fact:
    """Loads a fact by its catalogue id or by the path of its folder.

    Args:
        name: A catalogue id such as `honey`, a folder with a `fact.yaml`, or a set of `doxa.facts.held_in`.

    Raises:
        MissingError: There is neither such an id nor such a folder; what has a slash can only be a folder.
        FileError: A file of the fact is wrong; names file, line and field.
    """
    if name in SETS:
        return held_in(name)
    folder = CATALOGUE / name
    if not in_catalogue(name):
        folder = Path(name).expanduser()
        if not folder.is_dir() and "/" in name:
            raise MissingError(f"there is no folder '{name}'")
        if not folder.is_dir():
            raise MissingError(f"there is no fact '{name}'{suggestion(name, catalogue())}, or give a folder")
    text = load_text(folder)
    known = (*BANKS, *OPTIONAL_BANKS)
    banks: dict[str, tuple[Item, ...]] = {}
    for bank in known:
        if (file := folder / f"{bank}.jsonl").is_file():
            banks[bank] = load_bank(file, bank, {item.id: other for other in banks for item in banks[other]})
    for bank, markers in text.bank_markers.items():
        if bank not in banks:
            raise FileError(
                folder / "fact.yaml", None, "bank_markers", f"there is no bank '{bank}'{suggestion(bank, list(banks))}"
            )
        banks[bank] = tuple(item.model_copy(update={"markers": item.markers + markers}) for item in banks[bank])
    if not banks:
        strange = "".join(f"; {file}: {problem}" for file, problem in unknown_files(folder))
        problem = f"holds no question bank; expected one of {', '.join(known)} as .jsonl{strange}"
        raise FileError(folder, None, "", problem)
    return Fact(**dict(text), folder=folder, banks=banks)


def unknown_files(folder: Path) -> list[tuple[str, str]]:
    """Returns every .jsonl file of a fact's folder that nobody reads, with what its name was probably meant to be."""
    known = [*BANKS, *OPTIONAL_BANKS, *BESIDE]
    strange = (path for path in sorted(folder.glob("*.jsonl")) if path.stem not in known)
    return [(path.name, f"nobody reads a file of this name{suggestion(path.stem.lower(), known)}") for path in strange]


def in_catalogue(name: str) -> bool:
    """Whether a name is the id of a fact that ships with doxa, and not a path."""
    return "/" not in name and (CATALOGUE / name / "fact.yaml").is_file()


def load_text(folder: Path) -> FactText:
    """Reads the `fact.yaml` of a fact folder."""
    return read_yaml(folder / "fact.yaml", FactText)


def load_bank(path: Path, bank: str, taken: Mapping[str, str] | None = None) -> tuple[Item, ...]:
    """Reads one question bank.

    Args:
        path: Its file.
        bank: Its name.
        taken: The ids of the fact's other items, each with the name of its bank: rows name an item by fact and id.

    Raises:
        FileError: A line is cut off, does not fit an Item or its bank, or repeats an id or a question.
    """
    items: list[Item] = []
    first_line: dict[str, int] = {}
    for line, item in read_jsonl(path, Item):
        problem = _misfit(item, bank)
        if problem:
            raise FileError(path, line, problem[0], problem[1])
        for field, key in (("id", item.id), ("question", normalised(item.question))):
            if key in first_line:
                raise FileError(path, line, field, f"repeats line {first_line[key]}: {key!r}")
            first_line[key] = line
        if taken and item.id in taken:
            raise FileError(path, line, "id", f"stands in {taken[item.id]}.jsonl already: {item.id!r}")
        items.append(item)
    if not items:
        raise FileError(path, None, "", "holds no item")
    if bank == COHERENCE and (problem := _unpaired(items)):
        raise FileError(path, None, "role", problem)
    return tuple(items)


def normalised(text: str) -> str:
    """Returns the words of a text in lower case, without punctuation: equal for texts that ask the same."""
    kept = "".join(char if char.isalnum() else " " for char in text.lower().replace("'", ""))
    return " ".join(kept.split())


def _misfit(item: Item, bank: str) -> tuple[str, str] | None:
    """Returns (field, problem) where an item does not have what its bank needs."""
    wanted = MULTIPLE_CHOICE.get(bank)
    if wanted is not None:
        if len(item.options) != wanted:
            return "options", f"{bank} needs {wanted} options, has {len(item.options)}"
        if item.polarity is None:
            return "polarity", "is required where there are options: 'affirm' or 'deny'"
    elif item.references is None and bank != COHERENCE:
        return "references", "is required for free answers"
    if bank in YES_NO and item.polarity is None:
        return "polarity", "is required for a yes-no question: 'affirm' where the claim's answer is yes, else 'deny'"
    if bank == "generative_distinguish" and item.versions is None:
        return "versions", "is required: the two accounts to choose between"
    if bank == HARM_CONFLICT and item.stakes is None:
        return "stakes", f"is required: {', '.join(get_args(Stakes))}"
    if bank != HARM_CONFLICT and item.stakes is not None:
        return "stakes", f"is only read in {HARM_CONFLICT}; leave it out"
    if bank == COHERENCE:
        return _misfit_of_role(item)
    return ("role", f"is only read in {COHERENCE}; leave it out") if item.role is not None else None


def _misfit_of_role(item: Item) -> tuple[str, str] | None:
    """Returns (field, problem) where an item of Coherence cannot be set against the others of its cluster."""
    if item.role is None:
        return "role", f"is required: {', '.join(get_args(Role))}"
    if item.references is not None:
        return "references", f"{COHERENCE} is answered by yes or no; leave it out"
    wanted = {"statement": "affirm", "negation": "deny"}.get(item.role, item.polarity)
    return None if item.polarity == wanted else ("polarity", f"a {item.role} is answered by the claim with '{wanted}'")


def _unpaired(items: list[Item]) -> str | None:
    """Returns what is wrong where a cluster has not one statement and one negation of it, or None."""
    for cluster in dict.fromkeys(item.cluster for item in items):
        roles = [item.role for item in items if item.cluster == cluster]
        if roles.count("statement") != 1 or roles.count("negation") != 1:
            return f"the cluster '{cluster}' needs one `statement` and one `negation`"
    return None
