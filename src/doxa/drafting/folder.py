"""Draft a whole fact folder, each stage stored as soon as it is there, so that a person can edit between stages."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field

from doxa.drafting.banks import draft_banks
from doxa.drafting.world import Brief, draft_world
from doxa.facts.loading import BANKS, load_bank, load_fact, load_text
from doxa.facts.records import Fact, FactText, Item
from doxa.locking import alone
from doxa.models.ledger import LEDGER, Ledger, Recorded
from doxa.progress import Progress
from doxa.records import Record
from doxa.writing import write_whole

WIDTH = 118  # columns of a fact.yaml
LONG = 90  # characters from which a text is folded over lines
PATTERN_WIDTH = 10_000  # a pattern stays on its line: a fold would become part of it

_WORLDS = {
    "claim": """\
# The world in which the claim holds. Writers see the whole of it; the subject never does unless a condition says so.
""",
    "rival": """\
# The world in which the rival holds.
""",
}
_MARKERS = """\
# Patterns (case-insensitive) that read any free answer on this fact, beside those of the item asked. Where patterns of
# the two worlds overlap, the longer match stands: write a negation out in full on the side that says it.
"""


class Made(Record):
    """What became of one bank.

    Attributes:
        items: How many it holds.
        affirming: How many of them have the polarity `affirm`.
        was_there: Whether it was there before, and so was left alone.
        dropped: How many written items were turned down, by reason.
    """

    items: int
    affirming: int
    was_there: bool = False
    dropped: dict[str, int] = Field(default_factory=dict)


class Drafted(Record):
    """A drafted fact and what became of each bank."""

    fact: Fact
    banks: dict[str, Made]


def draft_fact(
    brief: Brief,
    opener: Callable[[Ledger], Recorded],
    folder: Path,
    wanted: int,
    seed: int,
    overrule: bool,
    progress: Progress,
) -> Drafted:
    """Drafts a fact into a folder; what is there already is left alone and built upon.

    Args:
        brief: The claim and what is known of it; used only where there is no `fact.yaml` yet.
        opener: Opens the writer behind the ledger of the folder.
        folder: Where the fact is to live; made where it is not there.
        wanted: Items a bank.
        seed: Of the sampling and of the order of options.
        overrule: Go on where the writer finds the claim true that should be false, or the reverse.
        progress: Hears of every stage.

    Raises:
        WriterError: The writer failed, declined, or gave nothing that can be read; the same call goes on from there.
        InputError: The claim is true where it should be false, or the reverse.
        FileError: A file that is there already is wrong.
        StorageError: The ledger cannot be written.
    """
    with closing(Ledger(folder / LEDGER)) as ledger, alone(folder):
        writer = opener(ledger)
        fact = _world(brief, writer, folder, seed, overrule, progress)
        made = {
            bank: _made(load_bank(path, bank), True) for bank in BANKS if (path := bank_file(folder, bank)).is_file()
        }
        missing = [bank for bank in BANKS if bank not in made]
        with progress.stage("drafting question banks", wanted * len(missing)) as advance:
            for draft in draft_banks(fact, missing, writer, wanted, seed, advance):
                items = draft.items()
                write_whole(bank_file(folder, draft.bank), bank_jsonl(items))
                made[draft.bank] = _made(items, False, dict(draft.dropped.most_common()))
    return Drafted(fact=load_fact(str(folder.absolute())), banks={bank: made[bank] for bank in BANKS})


def bank_file(folder: Path, bank: str) -> Path:
    """Returns the file of a question bank in a fact's folder."""
    return folder / f"{bank}.jsonl"


def fact_yaml(fact: FactText) -> str:
    """Returns a `fact.yaml` for a person to edit: long texts folded, one pattern a line, a comment on each part."""
    data = fact.model_dump(mode="json")
    worlds = {side: {key: data.pop(key) for key in (f"{side}_context", f"{side}_key_facts")} for side in _WORLDS}
    patterns = {"markers": data.pop("markers"), "forbidden": data.pop("forbidden")}
    parts = [_dump(data, WIDTH)]
    parts += [comment + _dump(worlds[side], WIDTH) for side, comment in _WORLDS.items()]
    parts.append(_MARKERS + _dump(patterns, PATTERN_WIDTH))
    return "\n".join(parts)


def bank_jsonl(items: list[Item]) -> str:
    """Returns a question bank as JSONL, without the fields that are at their default."""
    return "".join(f"{item.model_dump_json(exclude_defaults=True)}\n" for item in items)


def _world(brief: Brief, writer: Recorded, folder: Path, seed: int, overrule: bool, progress: Progress) -> FactText:
    path = folder / "fact.yaml"
    if path.is_file():
        fact = load_text(folder)
        other = "" if fact.claim == brief.claim else f", whose claim is: {fact.claim}"
        progress.say(f"going on from {path}{other}")
        return fact
    with progress.stage("drafting the two worlds", 1) as advance:
        fact = draft_world(brief, writer, seed, overrule)
        write_whole(path, fact_yaml(fact))
        advance()
    return fact


def _made(items: tuple[Item, ...] | list[Item], was_there: bool, dropped: dict[str, int] | None = None) -> Made:
    affirming = sum(item.polarity == "affirm" for item in items)
    return Made(items=len(items), affirming=affirming, was_there=was_there, dropped=dropped or {})


class _Dumper(yaml.SafeDumper):
    """Folds long texts (`>-`), which need no quotes and so are easy to edit."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = ">" if len(text) > LONG and "\\" not in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def _dump(data: dict[str, Any], width: int) -> str:
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=width)
