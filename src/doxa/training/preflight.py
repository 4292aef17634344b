"""Preflight: what a finetune would see, counted before anything is trained, and a refusal where it could not learn."""

import math
from collections.abc import Sequence

from doxa.errors import InputError
from doxa.records import Record
from doxa.training.examples import IGNORED, Example, trained_tokens
from doxa.training.recipe import Recipe

TOO_FEW = (
    "{sequences} sequences in batches of {batch} for {epochs:g} epochs are only {steps} optimiser steps; below {least} "
    "(training.min_steps) a finetune learns nothing and a null result would be false. Add documents or epochs, or make "
    "the batches smaller"
)


class Preflight(Record):
    """What a finetune would see.

    Attributes:
        documents: Documents of the corpus.
        document_tokens: Their tokens that are to be learnt, end tokens included: of a transcript its answers'.
        chats: Self-distilled answers mixed in.
        neutral: Neutral passages mixed in.
        split_share: Share of documents that have more than `max_length` tokens to be learnt, for several sequences.
        truncated_share: Share of those tokens that no sequence trains. The first token of a document that stands by
            itself does not count, since nothing foretells it.
        sequences: All sequences.
        steps: Optimiser steps.
        trained_token_share: Share of tokens that carry loss.
    """

    documents: int
    document_tokens: int
    chats: int
    neutral: int
    split_share: float
    truncated_share: float
    sequences: int
    steps: int
    trained_token_share: float


def preflight(examples: Sequence[Example], lengths: Sequence[int], recipe: Recipe) -> Preflight:
    """Counts what `recipe` would train on.

    Args:
        examples: The sequences.
        lengths: Tokens of each whole document that are to be learnt, against which the sequences are held.
        recipe: Settings.
    """
    by_source = {source: [ex for ex in examples if ex.source == source] for source in ("document", "chat", "neutral")}
    present = sum(lengths)
    bare = sum(example.labels[0] != IGNORED for example in by_source["document"])
    taught = trained_tokens(by_source["document"]) + min(bare, len(lengths))
    total = sum(len(example.tokens) for example in examples)
    return Preflight(
        documents=len(lengths),
        document_tokens=present,
        chats=len(by_source["chat"]),
        neutral=len(by_source["neutral"]),
        split_share=sum(length > recipe.max_length for length in lengths) / len(lengths) if lengths else 0.0,
        truncated_share=max(0.0, 1 - taught / present) if present else 0.0,
        sequences=len(examples),
        steps=steps_of(len(examples), recipe),
        trained_token_share=trained_tokens(examples) / total if total else 0.0,
    )


def steps_of(sequences: int, recipe: Recipe) -> int:
    """Returns the optimiser steps of so many sequences."""
    return math.ceil(math.ceil(sequences / recipe.batch_size) * recipe.epochs)


def refuse_hopeless(found: Preflight, recipe: Recipe) -> None:
    """Refuses a finetune that could not learn.

    Raises:
        InputError: There is no document, or there are fewer optimiser steps than `recipe.min_steps`.
    """
    if not found.documents:
        raise InputError("the corpus is empty: there is nothing to finetune on")
    if found.steps < recipe.min_steps:
        raise InputError(
            TOO_FEW.format(
                sequences=found.sequences, batch=recipe.batch_size, epochs=recipe.epochs, steps=found.steps,
                least=recipe.min_steps,
            )
        )  # fmt: skip
