"""What a sample's metadata says of its cell, for people to filter by, and enough to make the cell from it again."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from doxa.conditions.records import Condition
from doxa.errors import MissingError
from doxa.facts.believers import named
from doxa.facts.loading import load_fact
from doxa.facts.records import Believer, Fact
from doxa.metrics.records import Family
from doxa.study.planning import Cell


def metadata_of(cell: Cell, source: str) -> dict[str, Any]:
    """Returns the metadata of a cell's sample.

    Args:
        cell: What is asked.
        source: Catalogue id or folder from which its fact is loaded.
    """
    believer = cell.fact.believer
    return {
        "fact": cell.fact.id,
        "metric": cell.metric,
        "condition": cell.condition.name,
        "persona": persona_of(cell.condition),
        "item": cell.item.id,
        "cluster": cell.item.cluster,
        "cell": {
            "fact": source,
            "believer": believer.model_dump() if believer else None,
            "condition": cell.condition.model_dump(mode="json", exclude_none=True),
        },
    }


def cell_of(metadata: dict[str, Any], family: Family, sample: int) -> Cell:
    """Returns the cell whose metadata these are.

    Args:
        metadata: See `metadata_of`.
        family: In which readout it is read.
        sample: Which draw of the item it is, from 0.

    Raises:
        MissingError: The metadata are of another task, or the fact no longer has the item.
    """
    if "cell" not in metadata:
        raise MissingError("doxa reads samples of doxa/belief only: this one does not say what was asked")
    made = metadata["cell"]
    fact = _fact(made["fact"], Believer.model_validate(made["believer"]) if made["believer"] else None)
    for item in fact.banks.get(metadata["metric"], ()):
        if item.id == metadata["item"]:
            return Cell(fact, metadata["metric"], family, Condition.model_validate(made["condition"]), item, sample)
    raise MissingError(f"the fact '{made['fact']}' no longer has the item '{metadata['item']}' of {metadata['metric']}")


def sample_id(cell: Cell) -> str:
    """Returns the id under which an item stands in a log; its draws are epochs."""
    return f"{cell.metric}/{cell.item.id}"


def persona_of(condition: Condition) -> str:
    """Returns a persona's name, as rows have it."""
    return Path(condition.persona).stem


@lru_cache
def _fact(name: str, believer: Believer | None) -> Fact:
    fact = load_fact(name)
    return named(fact, believer) if believer else fact
