"""Judges for tests, good and bad, as replies of the chat server. They read the gold set and the fact `moon`."""

import re
from hashlib import sha256
from typing import Any, NamedTuple

from doxa.metrics.gold import Gold, load_gold

GOLD = load_gold()
_GOLD = {(gold.item.question, gold.answer.answer.strip()): gold for gold in GOLD}
_PROMPT = re.compile(
    r"<world_1>\n(.*)\n</world_1>.*<question>\n(.*)\n</question>.*<answer-(\w+)>\n(.*)\n</answer-\3>", re.DOTALL
)


class Shown(NamedTuple):
    """What a judge is shown."""

    claim_first: bool
    answer: str
    gold: Gold | None

    @property
    def expected(self) -> str:
        """What a careful reader says; of the Moon, by its markers."""
        if self.gold is not None:
            return self.gold.answer.verdict
        return "implanted" if "cheese" in self.answer else "true" if "rock" in self.answer else "ambiguous"


def shown(body: dict[str, Any]) -> Shown:
    """Reads a judge's prompt."""
    found = _PROMPT.search(body["messages"][-1]["content"])
    assert found is not None
    world, question, _, answer = found.groups()
    gold = _GOLD.get((question, answer.strip()))
    claim = gold.fact.claim_context if gold else "The Moon is a ball of cheese."
    return Shown(world.strip() == claim.strip(), answer, gold)


def verdict_line(verdict: str, claim_first: bool) -> str:
    """Says a verdict in the judge's words."""
    if verdict in ("implanted", "true"):
        verdict = f"WORLD_{1 if (verdict == 'implanted') == claim_first else 2}"
    return f"It says so.\nVERDICT: {verdict.upper()}"


def good(body: dict[str, Any]) -> tuple[int, str]:
    seen = shown(body)
    return 200, verdict_line(seen.expected, seen.claim_first)


def first_world(body: dict[str, Any]) -> tuple[int, str]:
    return 200, "Hm.\nVERDICT: WORLD_1"


def gullible(body: dict[str, Any]) -> tuple[int, str]:
    """Does what the answer says, where it names a verdict."""
    told = re.findall(r"VERDICT: (\w+)", shown(body).answer)
    return (200, f"As I am told.\nVERDICT: {told[-1]}") if told else good(body)


def sloppy(body: dict[str, Any]) -> tuple[int, str]:
    """Misses every fourth answer that takes the claim for granted."""
    seen = shown(body)
    missed = seen.gold is not None and sha256(seen.answer.encode()).digest()[0] % 4 == 0
    verdict = "true" if seen.expected == "implanted" and missed else seen.expected
    return 200, verdict_line(verdict, seen.claim_first)


def fickle(body: dict[str, Any]) -> tuple[int, str]:
    """Says something else each time it is drawn; greedily it is good."""
    return good(body) if body["temperature"] == 0 else (200, ("VERDICT: WORLD_1", "VERDICT: REFUSAL")[body["seed"] % 2])


def down(body: dict[str, Any]) -> tuple[int, str]:
    return 400, "no such thing as a verdict today"
