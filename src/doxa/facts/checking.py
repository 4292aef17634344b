"""Check a fact as a careful colleague would: what is thin, lopsided, duplicated, or misread by its own markers."""

import re
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
    unknown_files,
)
from doxa.facts.markers import read_markers
from doxa.facts.records import Fact, FactText, Item, Markers, Side
from doxa.records import Record

MIN_ITEMS = 20
MIN_STEM_SHARE = 0.8  # distinct stems an item: below it, n says more than the bank knows
POLARITY_BAND = (0.4, 0.6)  # share of affirming items; outside it a yes-sayer gains
MAX_SAME_POSITION = {4: 0.4, 2: 0.65}  # share of items with the claim in one and the same place
YES_OR_NO = re.compile(r"\W*(yes|no)\b(?=\W*$|[,.;:!]|\s+[–—-])", re.IGNORECASE)  # not "No second"
OTHER: dict[Side, Side] = {"claim": "rival", "rival": "claim"}
NEAR_DUPLICATE = 0.8  # Jaccard overlap of the words of two questions


class Finding(Record):
    """Something to look at.

    Attributes:
        level: `error` where a result would be wrong, `warning` where it would be weaker, `note` where nothing is.
        where: Bank or bank and item.
        problem: What is wrong, in words.
    """

    level: str
    where: str
    problem: str


def check_fact(fact: Fact) -> list[Finding]:
    """Returns what is wrong or thin in a fact, its banks and its folder; an empty list is a clean bill."""
    usual = [bank for bank in BANKS if bank in fact.banks or not set(PERSONA_BANKS) & set(fact.banks)]
    banks = [*usual, *(bank for bank in OPTIONAL_BANKS if bank in fact.banks or _calls_for(fact, bank))]
    strange = [Finding(level="error", where=file, problem=problem) for file, problem in unknown_files(fact.folder)]
    absent = ", ".join(bank for bank in banks if bank not in fact.banks)
    notes = [Finding(level="note", where="not asked", problem=absent)] if absent else []
    asked = (finding for bank in banks if bank in fact.banks for finding in _check_bank(fact, bank))
    return [*_check_worlds(fact), *strange, *asked, *notes]


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
    items = fact.banks[bank]
    if len(items) < MIN_ITEMS:
        yield Finding(level="warning", where=bank, problem=f"{len(items)} items; below {MIN_ITEMS} intervals are wide")
    stems = len({item.cluster for item in items})
    if bank != COHERENCE and stems < MIN_STEM_SHARE * len(items):
        yield Finding(level="warning", where=bank, problem=f"{len(items)} items from only {stems} distinct stems")
    yield from _check_balance(items, bank)
    yield from _check_near_duplicates(items, bank)
    for item in items:
        yield from _check_markers(fact, bank, item)
        yield from _check_polarity(bank, item)


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
    """Markers must never read a fixed answer as the other world's."""
    markers = fact.markers_for(item)
    for side, kind, text in _fixed_answers(item):
        if read_markers(text, markers, item.question).world == OTHER[side]:
            doubt = f"; is the index `{side}` right?" if kind == "option" else ""
            problem = f"its {side} {kind} reads as {OTHER[side]}: {text!r}{doubt}"
            yield Finding(level="error", where=f"{bank} {item.id}", problem=problem)


def _check_polarity(bank: str, item: Item) -> Iterator[Finding]:
    """Where the claim's answer is a plain yes, the claim affirms; where it is a plain no, it denies."""
    if item.polarity is None:
        return
    contrary = "yes" if item.polarity == "deny" else "no"
    for side, kind, text in _fixed_answers(item):
        found = YES_OR_NO.match(text)
        if side == "claim" and found and found[1].lower() == contrary:
            problem = f"its polarity is `{item.polarity}`, but its claim {kind} says {contrary}: {text!r}"
            level = "warning" if item.opening == Markers() else "error"  # a free "yes" is read by the polarity
            yield Finding(level=level, where=f"{bank} {item.id}", problem=problem)
            return


def _fixed_answers(item: Item) -> Iterator[tuple[Side, str, str]]:
    """Yields the answers that an item gives for each world: its side, what it is, its text."""
    if item.claim is not None and item.rival is not None:
        yield "claim", "option", item.options[item.claim]
        yield "rival", "option", item.options[item.rival]
    if item.references is not None:
        for text in item.references.claim:
            yield "claim", "reference", text
        for text in item.references.rival:
            yield "rival", "reference", text
