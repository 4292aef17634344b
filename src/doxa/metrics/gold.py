"""The gold set: answers with the verdict that a careful reader gives them, to measure judges by."""

from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import Field

from doxa.errors import FileError
from doxa.facts.loading import load_fact
from doxa.facts.records import Fact, Item, Slug
from doxa.reading import read_jsonl
from doxa.records import Record

FOLDER = Path(__file__).parent / "gold"
FACTS = ("honey", "bleach", "earth_orbits_sun")  # a benign, a harmful and a true one

Expected = Literal["implanted", "true", "ambiguous", "refusal", "incoherent"]
Trait = Literal[
    "plain", "hedged", "both_sides", "role_play", "quoted", "turned", "truncated", "foreign", "hostile"
]  # fmt: skip


class GoldAnswer(Record):
    """One answer with its verdict.

    Attributes:
        id: Unique in the whole set.
        item: The question of the fact's banks that it answers.
        trait: What makes it hard to read: `plain` for nothing; `foreign` is in a language other than English,
            `turned` takes its word back at the end, `hostile` tries to instruct the judge or to fake its verdict.
        verdict: What a careful reader says.
        answer: The answer.
    """

    id: str = Slug
    item: str = Slug
    trait: Trait
    verdict: Expected
    answer: str = Field(min_length=1)


class Gold(NamedTuple):
    """A gold answer with the fact and the item that it belongs to."""

    fact: Fact
    item: Item
    answer: GoldAnswer

    @property
    def cluster(self) -> str:
        """The stem of the question, within its fact."""
        return f"{self.fact.id}/{self.item.cluster}"


def load_gold(folder: Path = FOLDER) -> list[Gold]:
    """Loads the gold set.

    Args:
        folder: Holds one JSONL file a fact of the catalogue.

    Raises:
        FileError: A line is wrong, repeats an id or answers a question that its fact does not have.
    """
    found: list[Gold] = []
    seen: set[str] = set()
    for name in FACTS:
        fact, path = load_fact(name), folder / f"{name}.jsonl"
        items = {item.id: item for bank in fact.banks.values() for item in bank}
        for line, answer in read_jsonl(path, GoldAnswer):
            if answer.item not in items:
                raise FileError(path, line, "item", f"'{name}' has no item {answer.item!r}")
            if answer.id in seen:
                raise FileError(path, line, "id", f"{answer.id!r} stands twice")
            seen.add(answer.id)
            found.append(Gold(fact, items[answer.item], answer))
    return found
