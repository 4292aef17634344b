"""Attention as the engine plans it: rows of small trees behind a beginning that stands in memory once.

The model's own attention masks and caches are not used: what a token sees is the `Sight` of the running pass.
"""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor
from transformers import AttentionInterface

NAME = "doxa_tree"


class Beginning(NamedTuple):
    """Keys and values of a stretch of tokens: one pair a layer, each (groups, length, width)."""

    layers: list[tuple[Tensor, Tensor]]

    @property
    def length(self) -> int:
        """Its tokens."""
        return self.layers[0][0].shape[1]

    def cut(self, length: int) -> "Beginning":
        """Returns its first tokens, in the same memory."""
        return Beginning([(keys[:, :length], values[:, :length]) for keys, values in self.layers])

    def extended(self, own: list[tuple[Tensor, Tensor]]) -> "Beginning":
        """Returns it with further tokens, each pair of `own` being (1, groups, time, width)."""
        return Beginning(
            [
                (torch.cat([keys, more_keys[0]], dim=1), torch.cat([values, more_values[0]], dim=1))
                for (keys, values), (more_keys, more_values) in zip(self.layers, own, strict=True)
            ]
        )


@dataclass(frozen=True)
class Bounds:
    """What a layer does to scores besides scaling: soft cap (Gemma 2), and a window of the last tokens."""

    softcap: float | None
    window: int | None

    def cap(self, scores: Tensor) -> Tensor:
        """Soft-caps scores, where the model does."""
        return scores if self.softcap is None else (scores / self.softcap).tanh() * self.softcap


class Sight(Protocol):
    """What the tokens of a pass see."""

    def look(self, layer: int, query: Tensor, key: Tensor, value: Tensor, bounds: Bounds) -> Tensor:
        """Returns what each head reads: (batch, heads, time, width), of scaled queries of that shape."""
        ...


@dataclass
class TreeSight:
    """Rows of small trees, all behind one beginning.

    Attributes:
        sees: Which own column each token sees: (batch, time, time) bool.
        positions: Positions of the tokens: (batch, time).
        beginning: What stands before all rows, or None.
        kept: Own keys and values, layer by layer, where they are wanted.
    """

    sees: Tensor
    positions: Tensor
    beginning: Beginning | None
    kept: list[tuple[Tensor, Tensor]] | None = None
    _masks: dict[tuple[int | None, torch.dtype], Tensor] = field(default_factory=dict)

    def look(self, layer: int, query: Tensor, key: Tensor, value: Tensor, bounds: Bounds) -> Tensor:
        """Goes row by row, so that the scores of a row stay in the processor's cache."""
        if self.kept is not None:
            self.kept.append((key, value))
        batch, heads, time, width = query.shape
        groups = key.shape[1]
        share = heads // groups
        before = None if self.beginning is None else self.beginning.layers[layer]
        mask = self._mask(bounds.window, query.dtype)
        out = torch.empty_like(query)
        for row in range(batch):
            keys, values = key[row], value[row]
            if before is not None:
                keys, values = torch.cat([before[0], keys], dim=1), torch.cat([before[1], values], dim=1)
            scores = query[row].reshape(groups, share * time, width) @ keys.transpose(1, 2)
            scores = bounds.cap(scores).view(groups, share, time, -1)
            scores[..., -mask.shape[-1] :] += mask[row]  # (time, masked columns)
            weights = scores.view(groups, share * time, -1).softmax(-1)
            out[row] = (weights @ values).view(heads, time, width)
        return out

    def _mask(self, window: int | None, dtype: torch.dtype) -> Tensor:
        """Returns the additive mask over own columns, or over all columns where a window cuts the beginning."""
        if (found := self._masks.get((window, dtype))) is not None:
            return found
        sees = self.sees
        before = 0 if self.beginning is None else self.beginning.length
        if window is not None and int(self.positions.max()) >= window:
            first = torch.arange(before, device=sees.device).expand(len(sees), before)
            columns = torch.cat([first, self.positions], dim=1)  # (batch, beginning + time): positions
            earlier = torch.ones(*sees.shape[:2], before, dtype=torch.bool, device=sees.device)
            near = self.positions[:, :, None] - columns[:, None, :] < window
            sees = torch.cat([earlier, sees], dim=2) & near
        return self._masks.setdefault((window, dtype), additive(sees, dtype))


def additive(sees: Tensor, dtype: torch.dtype) -> Tensor:
    """Turns True/False into 0/lowest. Lowest and not -inf: padding that sees nothing must not become NaN."""
    mask = torch.zeros(sees.shape, dtype=dtype, device=sees.device)
    return mask.masked_fill_(~sees, torch.finfo(dtype).min)


_sight: ContextVar[Sight] = ContextVar("sight")


@contextmanager
def seeing(sight: Sight) -> Generator[None]:
    """Sets what the tokens of the passes inside see."""
    token = _sight.set(sight)
    try:
        yield
    finally:
        _sight.reset(token)


def attend(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float,
    softcap: float | None = None,
    sliding_window: int | None = None,
    **_: Any,
) -> tuple[Tensor, None]:
    """Attends to what the running pass says; transformers calls it in every layer.

    Args:
        module: The attention layer; its `layer_idx` picks the kept keys and values.
        query: (batch, heads, time, width).
        key: (batch, groups, time, width).
        value: Like `key`.
        attention_mask: Not used.
        scaling: Factor of the scores.
        softcap: Where the layer soft-caps its scores, the cap.
        sliding_window: Where the layer sees the last tokens only, how many.

    Returns:
        (batch, time, heads, width), and no weights.
    """
    bounds = Bounds(softcap, sliding_window)
    out = _sight.get().look(module.layer_idx, query * scaling, key, value, bounds)
    return out.transpose(1, 2), None


AttentionInterface.register(NAME, attend)
