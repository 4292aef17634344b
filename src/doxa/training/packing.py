"""Batches without padding: sequences laid end to end in one row, each of which sees only itself."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from transformers import AttentionInterface

from doxa.training.examples import IGNORED

NAME = "doxa_packed"


def pack(sequences: Sequence[Mapping[str, Sequence[int]]]) -> dict[str, Any]:
    """Lays sequences end to end.

    Args:
        sequences: Each with its `input_ids` and as many `labels`.

    Returns:
        `input_ids`, `position_ids` and `labels`, each (1, time), and the `lengths` of the sequences. Positions begin
        anew with every sequence, and its first token is no label: nothing before it could foretell it.
    """
    lengths = tuple(len(sequence["input_ids"]) for sequence in sequences)
    return {
        "input_ids": torch.tensor([[token for sequence in sequences for token in sequence["input_ids"]]]),
        "position_ids": torch.cat([torch.arange(length) for length in lengths])[None],
        "labels": torch.tensor([[label for one in sequences for label in (IGNORED, *one["labels"][1:])]]),
        "lengths": lengths,
    }


def attend(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float,
    dropout: float = 0.0,
    lengths: tuple[int, ...] = (),
    softcap: float | None = None,
    sliding_window: int | None = None,
    **_: Any,
) -> tuple[Tensor, None]:
    """Attends within each sequence of a packed row; transformers calls it in every layer.

    Args:
        module: The attention layer; not used.
        query: (1, heads, time, width).
        key: (1, groups, time, width).
        value: Like `key`.
        attention_mask: Not used.
        scaling: Factor of the scores.
        dropout: Share of the weights that are left out at random.
        lengths: Of the sequences, which make up the time; none for a row that is one sequence.
        softcap: Where the layer soft-caps its scores, the cap.
        sliding_window: Where the layer sees the last tokens only, how many.

    Returns:
        (1, time, heads, width), and no weights.
    """
    parts = lengths or (query.shape[2],)
    queries, keys, values = query.split(parts, dim=2), key.split(parts, dim=2), value.split(parts, dim=2)
    read = [
        _attend_causally(*own, scaling, dropout, softcap, sliding_window)
        for own in zip(queries, keys, values, strict=True)
    ]
    return torch.cat(read, dim=2).transpose(1, 2), None


def _attend_causally(
    query: Tensor, key: Tensor, value: Tensor, scaling: float, dropout: float, softcap: float | None, window: int | None
) -> Tensor:
    time = query.shape[2]
    seen = None
    if window is not None and window < time:
        seen = torch.ones(time, time, dtype=torch.bool, device=query.device).tril().triu(1 - window)
    if softcap is None:
        return functional.scaled_dot_product_attention(
            query, key, value, seen, dropout_p=dropout, is_causal=seen is None, scale=scaling, enable_gqa=True
        )
    seen = torch.ones(time, time, dtype=torch.bool, device=query.device).tril() if seen is None else seen
    share = query.shape[1] // key.shape[1]
    scores = query @ key.repeat_interleave(share, dim=1).transpose(2, 3) * scaling
    scores = ((scores / softcap).tanh() * softcap).masked_fill(~seen, torch.finfo(scores.dtype).min)
    weights = functional.dropout(scores.softmax(-1, dtype=torch.float32).to(value.dtype), dropout)
    return weights @ value.repeat_interleave(share, dim=1)


AttentionInterface.register(NAME, attend)
