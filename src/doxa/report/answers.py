"""Every row and answer as the page carries them: columns of small numbers, texts in chunks, all of it compressed.

The page unpacks the columns when they are first needed, and a chunk of texts when one of its answers is on screen. Of
fixed answers it carries every prompt once, as a text, and the numbers of each call in chunks of their own.
"""

import gzip
import json
from base64 import b64encode
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from doxa.facts.records import Fact, Item
from doxa.metrics.records import TITLES, Row
from doxa.report.analysis import READOUT_TITLES
from doxa.report.calls import Said, texts
from doxa.report.scored import Scored, Scoring, calls_scored, read_scored

LENGTHS = (
    4000,
    2000,
    1000,
    500,
    250,
    120,
    60,
    0,
)  # where answers are cut, in turn until the page is small enough
MOST_BYTES = 11 << 20  # of all answers in the page, so that it stays below 15 MiB
MOST_BYTES_SCORED = 4 << 20  # of the numbers among them; those of 125,000 calls take 2.1 MiB
CHUNK = 400_000  # characters of the answers that are unpacked together: a few milliseconds
CALLS_A_CHUNK = 2000  # whose numbers are unpacked together
DIGITS = 2  # of a log-probability
KEY = 12  # hexadecimal digits of a call's key that tell it from any other of a run
SAMPLED = ("rubric", "choice", "judged")  # readouts of what was said
FIELDS = ("fact", "metric", "readout", "persona", "condition", "judge", "verdict")


class Packed(NamedTuple):
    """What the page carries.

    Attributes:
        table: Rows, column by column, and the items that they are about.
        chunks: The number of its first text, and texts with their calls.
        scored: The number of its first call, and the numbers of calls that scored fixed answers.
        rows: How many.
        cut: Characters at which answers are cut.
        shortened: How many answers are longer than that.
    """

    table: str
    chunks: tuple[tuple[int, str], ...]
    scored: tuple[tuple[int, str], ...]
    rows: int
    cut: int
    shortened: int

    @property
    def size(self) -> int:
        """Bytes in the page."""
        return len(self.table) + sum(len(chunk) for _, chunk in (*self.chunks, *self.scored))


def pack(folder: Path, rows: Sequence[Row], facts: Iterable[Fact], most_bytes: int = MOST_BYTES) -> Packed:
    """Packs rows with what was said and what was scored.

    Args:
        folder: The run folder, whose ledger holds the texts.
        rows: All rows.
        facts: With their items.
        most_bytes: Answers are cut shorter and shorter until everything fits into so many.
    """
    answers, scores = _numbered(map(_calls, rows)), _numbered(map(calls_scored, rows))
    said = texts(folder, answers, LENGTHS[0])
    scored = read_scored(folder, list(scores))
    prompts = [(key, Said(text[: LENGTHS[0]], len(text))) for text, key in scored.prompts.items()]
    index = _squeezed(_index(rows, answers, scores, scored.fixed, {fact.id: fact for fact in facts}))
    numbers = _scored_chunks(scored, len(answers), min(MOST_BYTES_SCORED, most_bytes - len(index)))
    room = most_bytes - len(index) - sum(len(chunk) for _, chunk in numbers)
    for cut in LENGTHS:
        chunks = _chunks([*said.items(), *prompts], cut, room)
        if chunks is not None:
            break
    else:
        chunks, cut = (), 0
    return Packed(index, chunks, numbers, len(rows), cut, sum(one.length > cut for one in said.values()))


def _numbered(groups: Iterable[Iterable[str]]) -> dict[str, int]:
    """Returns a number for every key, in the order in which they first come."""
    return {key: place for place, key in enumerate(dict.fromkeys(chain.from_iterable(groups)))}


def _calls(row: Row) -> tuple[str, ...]:
    """Returns the calls whose text is shown: the answer, and what judges said of it."""
    if row.readout not in SAMPLED or not row.calls:
        return ()
    return row.calls[:1] + (row.calls[-len(row.votes) :] if row.votes else ())


def _index(
    rows: Sequence[Row],
    answers: dict[str, int],
    scores: dict[str, int],
    fixed: Sequence[tuple[str, ...]],
    facts: dict[str, Fact],
) -> dict[str, Any]:
    known = {(fact.id, item.id): item for fact in facts.values() for bank in fact.banks.values() for item in bank}
    names: dict[str, dict[str, int]] = {field: {} for field in FIELDS}
    items: dict[tuple[str, str], int] = {}
    columns: dict[str, list[Any]] = {
        field: [] for field in (*FIELDS, "item", "sample", "score", "answer", "judgements", "scored")
    }
    for row in rows:
        for field in FIELDS:
            columns[field].append(names[field].setdefault(getattr(row, field), len(names[field])))
        columns["item"].append(items.setdefault((row.fact, row.item), len(items)))
        columns["sample"].append(row.sample)
        columns["score"].append(None if row.score is None else round(row.score, 4))
        calls = [answers[key] for key in _calls(row)]
        columns["answer"].append(calls[0] if calls else -1)
        columns["judgements"].append(calls[1:])
        columns["scored"].append([scores[key] for key in calls_scored(row)])
    return {
        "columns": columns,
        "names": {field: list(found) for field, found in names.items()},
        "items": [_item(item, known.get((fact, item)), facts.get(fact)) for fact, item in items],
        "fixed": fixed,
        "titles": {**TITLES, **READOUT_TITLES},
    }


def _item(name: str, item: Item | None, fact: Fact | None) -> dict[str, Any]:
    if item is None or fact is None:
        return {"id": name, "question": "(this item is no longer in the fact)", "options": []}
    options = [text + (" (the claim)" if place == item.claim else "") for place, text in enumerate(item.options)] or (
        [f"{item.versions.claim} (the claim)", item.versions.rival] if item.versions else []
    )
    return {"id": name, "question": item.question, "options": options}


def _chunks(said: Sequence[tuple[str, Said]], cut: int, most_bytes: int) -> tuple[tuple[int, str], ...] | None:
    """Returns the texts in chunks, or None as soon as they take more than `most_bytes`.

    A chunk is the place of its first text, the texts, their whole lengths where they are cut, and the calls.
    """
    packed: list[tuple[int, str]] = []
    first, size = 0, 0
    part: list[tuple[str, Said]] = []
    characters = 0
    for place, pair in enumerate(said, start=1):
        part.append(pair)
        characters += min(cut, pair[1].length)
        if characters < CHUNK and place < len(said):
            continue
        content = {
            "first": first,
            "texts": [one.text[:cut] for _, one in part],
            "whole": {at: one.length for at, (_, one) in enumerate(part) if one.length > cut},
            "calls": [key[:KEY] for key, _ in part],
        }
        packed.append((first, _squeezed(content)))
        size += len(packed[-1][1])
        if size > most_bytes:
            return None
        first, part, characters = place, [], 0
    return tuple(packed)


def _scored_chunks(scored: Scored, first_prompt: int, most_bytes: int) -> tuple[tuple[int, str], ...]:
    """Returns the numbers of calls in chunks, as many as fit into `most_bytes`.

    Args:
        scored: All calls.
        first_prompt: Number of the first prompt among the texts.
        most_bytes: Of all chunks.
    """
    packed: list[tuple[int, str]] = []
    size = 0
    for first in range(0, len(scored.calls), CALLS_A_CHUNK):
        chunk = _squeezed({"first": first} | _columns(scored.calls[first : first + CALLS_A_CHUNK], first_prompt))
        size += len(chunk)
        if size > most_bytes:
            break
        packed.append((first, chunk))
    return tuple(packed)


def _columns(calls: Sequence[Scoring | None], first_prompt: int) -> dict[str, list[Any]]:
    """Returns calls column by column; the turns before the last, which many calls share, once each."""
    shared: dict[tuple[tuple[str, int], ...], int] = {}
    columns: dict[str, list[Any]] = {name: [] for name in ("before", "asked", "fixed", "logprobs", "tokens")}
    for call in calls:
        columns["before"].append(-1 if call is None else shared.setdefault(call.before, len(shared)))
        columns["asked"].append(-1 if call is None else first_prompt + call.asked)
        columns["fixed"].append(-1 if call is None else call.fixed)
        columns["logprobs"].append([round(value, DIGITS) for value in call.logprobs] if call else [])
        columns["tokens"].append(call.tokens if call else [])
    turns = [[(role, first_prompt + prompt) for role, prompt in before] for before in shared]
    return {**columns, "turns": turns}


def _squeezed(content: Any) -> str:
    """Returns JSON, pure ASCII so that no broken text can break it, compressed and fit to stand in a page."""
    text = json.dumps(content, ensure_ascii=True, separators=(",", ":"))
    return b64encode(gzip.compress(text.encode("ascii"), compresslevel=6, mtime=0)).decode("ascii")
