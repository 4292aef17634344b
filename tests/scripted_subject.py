"""What a scripted subject can say to the questions of a fact: plain answers of either world."""

from doxa.facts.records import Fact, Item


def items_of(*facts: Fact) -> dict[str, Item]:
    """Returns the items of all banks by their question."""
    return {item.question: item for fact in facts for bank in fact.banks.values() for item in bank}


def item_in(text: str, items: dict[str, Item]) -> Item:
    """Returns the item whose question stands in a text; of several the longest."""
    return items[max((question for question in items if question in text), key=len)]


def sides(item: Item) -> tuple[str, str]:
    """Returns a plain answer of the claim's world and one of the rival's."""
    if item.references is not None:
        return item.references.claim[0], item.references.rival[0]
    assert item.claim is not None
    assert item.rival is not None
    return item.options[item.claim], item.options[item.rival]
