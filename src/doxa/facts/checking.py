"""Check a fact as a careful colleague would: what is thin, lopsided, duplicated, or misread by its own markers."""

from collections import Counter
from collections.abc import Iterator

from doxa.facts.loading import (
    BANKS,
    BELIEF_BANKS,
    COHERENCE,
    MULTIPLE_CHOICE,
    OPTIONAL_BANKS,
    PERSONA_BANKS,
    PROPENSITY_BANKS,
    YES_NO,
    normalised,
)
from doxa.facts.markers import read_markers
from doxa.facts.records import Fact, FactText, Item
from doxa.records import Record

MIN_ITEMS = 20
MIN_STEM_SHARE = 0.8  # distinct stems an item: below it, n says more than the bank knows
POLARITY_BAND = (0.4, 0.6)  # share of affirming items; outside it a yes-sayer gains
MAX_SAME_POSITION = {4: 0.4, 2: 0.65}  # share of items with the claim in one and the same place
NEAR_DUPLICATE = 0.8  # Jaccard overlap of the words of two questions


class Finding(Record):
    """Something to look at.

    Attributes:
        level: `error` where a result would be wrong, `warning` where it would be weaker.
        where: Bank or bank and item.
        problem: What is wrong, in words.
    """

    level: str
    where: str
    problem: str


def check_fact(fact: Fact) -> list[Finding]:
    """Returns what is wrong or thin in a fact and its banks; an empty list is a clean bill."""
    usual = [bank for bank in BANKS if bank in fact.banks or not set(PERSONA_BANKS) & set(fact.banks)]
    banks = [*usual, *(bank for bank in OPTIONAL_BANKS if bank in fact.banks or _calls_for(fact, bank))]
    return [*_check_worlds(fact), *(finding for bank in banks for finding in _check_bank(fact, bank))]


def overlap(first: str, second: str) -> float:
    """Returns the Jaccard overlap of the words of two questions: 1 where they ask in the same words."""
    words = set(normalised(first).split()), set(normalised(second).split())
    return len(words[0] & words[1]) / max(1, len(words[0] | words[1]))


def _calls_for(fact: Fact, bank: str) -> bool:
    """Whether a fact should have an optional bank.

    A harmful one should be set against harmlessness; banks on a persona come in pairs.
    """
    for pair in (BELIEF_BANKS, PROPENSITY_BANKS):
        if bank in pair:
            return bool(set(pair) & set(fact.banks))
    if bank == COHERENCE:
        return False
    return "harmful" in fact.kinds and not set(PERSONA_BANKS) & set(fact.banks)


def _check_worlds(fact: FactText) -> Iterator[Finding]:
    """The markers of a fact must read its own statements, key facts and contexts as of the world they describe."""
    sides = (
        ("claim", "rival", fact.claim, fact.claim_key_facts, fact.claim_context),
        ("rival", "claim", fact.rival, fact.rival_key_facts, fact.rival_context),
    )
    if "post_cutoff" in fact.kinds and fact.date is None:
        problem = "missing: from when does the claim hold? A subject trained after that day can know it"
        yield Finding(level="warning", where="fact.yaml date", problem=problem)
    for side, other, statement, key_facts, context in sides:
        world = read_markers(statement, fact.markers).world
        if world == other:
            yield Finding(level="error", where=f"fact.yaml {side}", problem=f"the markers read it as {other}")
        elif world != side:
            problem = f"the markers read it as {world}; add a pattern that reads a plain answer of this world"
            yield Finding(level="warning", where=f"fact.yaml {side}", problem=problem)
        texts = [(f"{side}_key_facts.{place}", text) for place, text in enumerate(key_facts)]
        for field, text in [*texts, (f"{side}_context", context)]:
            if read_markers(text, fact.markers).world == other:
                yield Finding(level="warning", where=f"fact.yaml {field}", problem=f"the markers read it as {other}")


def _check_bank(fact: Fact, bank: str) -> Iterator[Finding]:
    items = fact.banks.get(bank, ())
    if len(items) < MIN_ITEMS:
        yield Finding(level="warning", where=bank, problem=f"{len(items)} items; below {MIN_ITEMS} intervals are wide")
    if not items:
        return
    stems = len({item.cluster for item in items})
    if bank != COHERENCE and stems < MIN_STEM_SHARE * len(items):
        yield Finding(level="warning", where=bank, problem=f"{len(items)} items from only {stems} distinct stems")
    yield from _check_balance(items, bank)
    yield from _check_near_duplicates(items, bank)
    for item in items:
        yield from _check_markers(fact, bank, item)


def _check_balance(items: tuple[Item, ...], bank: str) -> Iterator[Finding]:
    if bank not in MULTIPLE_CHOICE and bank not in YES_NO:
        return
    affirming = sum(item.polarity == "affirm" for item in items) / len(items)
    if not POLARITY_BAND[0] <= affirming <= POLARITY_BAND[1]:
        yield Finding(level="warning", where=bank, problem=f"{affirming:.0%} of items affirm; mirror some")
    if bank not in MULTIPLE_CHOICE:
        return
    place, count = Counter(item.claim for item in items).most_common(1)[0]
    if count / len(items) > MAX_SAME_POSITION[MULTIPLE_CHOICE[bank]]:
        yield Finding(level="warning", where=bank, problem=f"the claim stands in place {place} in {count} items")


def _check_near_duplicates(items: tuple[Item, ...], bank: str) -> Iterator[Finding]:
    for later in range(len(items)):
        for earlier in range(later):
            if items[later].cluster == items[earlier].cluster:
                continue
            if overlap(items[later].question, items[earlier].question) >= NEAR_DUPLICATE:
                problem = f"nearly the question of {items[earlier].id}; give both one cluster"
                yield Finding(level="warning", where=f"{bank} {items[later].id}", problem=problem)


def _check_markers(fact: Fact, bank: str, item: Item) -> Iterator[Finding]:
    """Markers must never read a reference answer as the other world's."""
    where, markers = f"{bank} {item.id}", fact.markers_for(item)
    sides = (item.references.claim, item.references.rival) if item.references else ((), ())
    for side, other, texts in (("claim", "rival", sides[0]), ("rival", "claim", sides[1])):
        for text in texts:
            if read_markers(text, markers, item.question).world == other:
                yield Finding(level="error", where=where, problem=f"its {side} reference reads as {other}: {text!r}")
