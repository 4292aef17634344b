"""Keys and values of the rows that decode: one slot a row, written in place, behind beginnings that rows share."""

from collections.abc import Sequence

import torch
from torch import Tensor

from doxa.models.local.attention import Beginning, Bounds, additive
from doxa.models.local.body import Body

GROWTH = 32  # columns by which slots grow: fewer means more copying, more means more masked columns to compute
CACHE_SHARE = 2  # one part in so many of the memory is for slots


class Slots:
    """The rows' own columns. The first `len(lengths)` slots are in use.

    Args:
        body: The model.
        memory: Bytes beyond the weights, of which the slots may take a share.
    """

    def __init__(self, body: Body, memory: int) -> None:
        self._body = body
        self._most = memory // CACHE_SHARE // body.cache_bytes  # columns of all slots together
        self._layers: list[tuple[Tensor, Tensor]] = []  # each (slots, groups, capacity, width)
        self._beginnings: list[Beginning | None] = []
        self._lengths: list[int] = []

    def fits(self, rows: int, columns: int) -> bool:
        """Whether so many rows of so many columns may stand in memory."""
        return rows * (columns + GROWTH) <= self._most

    def add(self, beginning: Beginning | None, own: Sequence[tuple[Tensor, Tensor]]) -> None:
        """Takes a row in.

        Args:
            beginning: What stands before it.
            own: Keys and values of its own columns, each (groups, columns, width); none where it has none.
        """
        row, length = len(self._lengths), own[0][0].shape[1] if own else 0
        sample = own or (beginning.layers if beginning else [])
        self._reserve(row + 1, length + 1, sample)
        for (keys, values), (own_keys, own_values) in zip(self._layers, own, strict=False):
            keys[row, :, :length] = own_keys
            values[row, :, :length] = own_values
        self._beginnings.append(beginning)
        self._lengths.append(length)

    def remove(self, row: int) -> None:
        """Lets a row go; the last one takes its place."""
        last = len(self._lengths) - 1
        if row != last:
            length = self._lengths[last]
            for pair in self._layers:
                for tensor in pair:
                    tensor[row, :, :length] = tensor[last, :, :length]
            self._beginnings[row], self._lengths[row] = self._beginnings[last], length
        self._beginnings.pop()
        self._lengths.pop()

    def step(self, tokens: Tensor) -> Tensor:
        """Runs one further token of each row, (rows,), and returns its last hidden states: (rows, width)."""
        self._reserve(len(self._lengths), max(self._lengths) + 1, self._layers)
        before = [0 if beginning is None else beginning.length for beginning in self._beginnings]
        positions = torch.tensor(before) + torch.tensor(self._lengths)
        sight = StepSight(self._layers, self._beginnings, self._lengths, positions.to(self._body.device))
        hidden = self._body.run(tokens[:, None], positions[:, None], sight)[:, -1]
        self._lengths = [length + 1 for length in self._lengths]
        return hidden

    def _reserve(self, rows: int, columns: int, like: Sequence[tuple[Tensor, Tensor]]) -> None:
        slots, capacity = (self._layers[0][0].shape[0], self._layers[0][0].shape[2]) if self._layers else (0, 0)
        if rows <= slots and columns <= capacity:
            return
        new_capacity = -(-max([columns, *self._lengths]) // GROWTH) * GROWTH
        wanted = slots if rows <= slots else 2 * slots  # more than there are rows, but never more than `fits` allows
        new_slots = max(rows, min(wanted, self._most // new_capacity))
        used, kept = len(self._lengths), min(capacity, new_capacity)

        def wider(old: Tensor | None, sample: Tensor) -> Tensor:
            groups, _, width = sample.shape[-3:]
            new = torch.zeros(new_slots, groups, new_capacity, width, dtype=sample.dtype, device=sample.device)
            if old is not None:
                new[:used, :, :kept] = old[:used, :, :kept]
            return new

        if not self._layers:
            self._layers = [(wider(None, keys), wider(None, values)) for keys, values in like]
            return
        for place, (keys, values) in enumerate(self._layers):  # layer by layer, so that only one stands twice
            self._layers[place] = wider(keys, keys), wider(values, values)


class StepSight:
    """One token a row: it sees its slot's columns and the row's beginning; one softmax joins the two.

    Rows with the same beginning meet its keys in one matrix product (Juravsky et al. 2024, "Hydragen").
    """

    def __init__(
        self,
        layers: list[tuple[Tensor, Tensor]],
        beginnings: Sequence[Beginning | None],
        lengths: Sequence[int],
        positions: Tensor,
    ) -> None:
        device = positions.device
        self._layers, self._positions = layers, positions
        self._rows = torch.arange(len(lengths), device=device)
        self._lengths = torch.tensor(lengths, device=device)
        alike: dict[int, list[int]] = {}
        for row, beginning in enumerate(beginnings):
            if beginning is not None:
                alike.setdefault(id(beginning), []).append(row)
        self._alike = [(beginnings[rows[0]], torch.tensor(rows, device=device)) for rows in alike.values()]
        self._masks: dict[int | None, Tensor] = {}

    def look(self, layer: int, query: Tensor, key: Tensor, value: Tensor, bounds: Bounds) -> Tensor:
        """See `doxa.models.local.attention.Sight`; writes the new keys and values into the slots."""
        keys, values = self._layers[layer]
        keys[self._rows, :, self._lengths] = key[:, :, 0]
        values[self._rows, :, self._lengths] = value[:, :, 0]
        count, heads, _, width = query.shape
        groups = key.shape[1]
        query = query.view(count, groups, heads // groups, width)
        scores = bounds.cap((query @ keys[:count].transpose(2, 3)).float()) + self._mask(bounds.window, keys.shape[2])
        top, total, out = _softmax_parts(scores, values[:count])
        for beginning, rows in self._alike:
            assert beginning is not None, "only rows with a beginning are listed"
            ahead_keys, ahead_values = beginning.layers[layer]  # each (groups, length, width)
            across = query[rows].transpose(0, 1).reshape(groups, -1, width)
            ahead = bounds.cap((across @ ahead_keys.transpose(1, 2)).float())
            ahead = ahead.view(groups, len(rows), -1, ahead_keys.shape[1])
            if bounds.window is not None:
                place = torch.arange(ahead_keys.shape[1], device=rows.device)
                near = self._positions[rows, None] - place < bounds.window  # (rows, length)
                ahead = ahead + additive(near, ahead.dtype)[None, :, None]
            ahead_top, ahead_total, ahead_out = _softmax_parts(
                ahead.view(groups, -1, ahead_keys.shape[1]), ahead_values, (groups, len(rows), -1)
            )
            joint = torch.maximum(top[rows], ahead_top)
            mine, its = (top[rows] - joint).exp(), (ahead_top - joint).exp()
            out[rows] = out[rows] * mine + ahead_out * its
            total[rows] = total[rows] * mine + ahead_total * its
        return (out / total).view(count, heads, 1, width).to(query.dtype)

    def _mask(self, window: int | None, capacity: int) -> Tensor:
        if (found := self._masks.get(window)) is not None:
            return found
        column = torch.arange(capacity, device=self._rows.device)
        sees = column <= self._lengths[:, None]
        if window is not None:
            sees = sees & (self._lengths[:, None] - column < window)
        return self._masks.setdefault(window, additive(sees, torch.float32)[:, None, None])


def _softmax_parts(
    scores: Tensor, values: Tensor, rows_of: tuple[int, ...] | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Returns maximum, sum and weighted values of unnormalised softmax weights, to be joined with another part's.

    Args:
        scores: (..., queries, columns) in float32.
        values: (..., columns, width).
        rows_of: Where the queries of several rows stand side by side: (groups, rows, -1), to be taken apart.
    """
    top = scores.amax(-1, keepdim=True)
    weights = (scores - top).exp()
    total = weights.sum(-1, keepdim=True)
    out = (weights.to(values.dtype) @ values).float()
    if rows_of is None:
        return top, total, out
    top, total, out = (part.view(*rows_of, part.shape[-1]).transpose(0, 1) for part in (top, total, out))
    return top, total, out
