"""Attention behind a shared beginning: its keys and values stand in memory once, however many rows look at them.

Queries of all rows meet the shared keys in one matrix product and their own keys in another; one softmax joins the two
(Juravsky et al. 2024, "Hydragen"). Without a shared beginning it is plain grouped-query attention.
"""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch
from torch import Tensor
from transformers import AttentionInterface, DynamicCache

NAME = "doxa_shared_beginning"

KeysValues = tuple[Tensor, Tensor]  # each (groups, beginning, width)
_beginning: ContextVar[Sequence[KeysValues] | None] = ContextVar("beginning", default=None)


@contextmanager
def behind(cache: DynamicCache | None) -> Generator[None]:
    """Lets every row see the keys and values of a cache of one row, as if they came before its own.

    Args:
        cache: The shared beginning, run as a batch of one; None for no shared beginning.
    """
    stored: list[Any] = [] if cache is None else list(cache.layers)
    layers = [(layer.keys[0], layer.values[0]) for layer in stored] or None
    token = _beginning.set(layers)
    try:
        yield
    finally:
        _beginning.reset(token)


def attend(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float,
    **_: Any,
) -> tuple[Tensor, None]:
    """Attends to a row's own columns and to the shared beginning.

    Args:
        module: The attention layer; its `layer_idx` picks the shared keys and values.
        query: (batch, heads, time, width).
        key: (batch, groups, columns, width), own columns only.
        value: Like `key`.
        attention_mask: Additive, over own columns: (batch, 1, time, columns).
        scaling: Factor of the scores.

    Returns:
        (batch, time, heads, width), and no weights.
    """
    batch, heads, time, width = query.shape
    groups, columns = key.shape[1], key.shape[2]
    share = heads // groups
    query = query * scaling
    own = query.reshape(batch, groups, share * time, width) @ key.transpose(2, 3)
    own = own.view(batch, groups, share, time, columns)
    if attention_mask is not None:
        own = own + attention_mask[:, :, None]
    layers = _beginning.get()
    if layers is None:
        weights = own.softmax(-1).reshape(batch, groups, share * time, columns)
        out = weights @ value
    else:
        keys, values = layers[module.layer_idx]  # each (groups, beginning, width)
        across = query.reshape(batch, groups, share * time, width).transpose(0, 1).reshape(groups, -1, width)
        shared = (across @ keys.transpose(1, 2)).reshape(groups, batch, share, time, -1).transpose(0, 1)
        weights = torch.cat([shared, own], dim=-1).softmax(-1)
        to_shared, to_own = weights.split([keys.shape[1], columns], dim=-1)
        out = to_own.reshape(batch, groups, share * time, columns) @ value
        from_shared = to_shared.transpose(0, 1).reshape(groups, -1, keys.shape[1]) @ values
        out = out + from_shared.view(groups, batch, share * time, width).transpose(0, 1)
    return out.reshape(batch, heads, time, width).transpose(1, 2), None


AttentionInterface.register(NAME, attend)
