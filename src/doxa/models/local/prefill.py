"""Run a planned prefix tree: trunks once, units packed behind them, as many tokens a pass as memory allows."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from doxa.models.local.attention import Beginning, TreeSight
from doxa.models.local.body import Body
from doxa.models.local.memory import halving
from doxa.models.local.trie import Node, Trunk, Unit, pack, plan, split

# Tokens a pass at most, and tokens up to which a subtree is one unit. More do not go faster: two cores are busy with a
# few hundred; a GPU wants thousands.
PASS_TOKENS = {"cpu": 2048, "cuda": 16384}
UNIT_TOKENS = {"cpu": 256, "cuda": 1024}
HEAD_SHARE = 8  # one part in so many of the memory is for logits
HEAD_ROWS = 512  # positions whose logits stand in memory at once, at most
HEAD_BYTES = 10  # a logit: as the model gives it, in float32, and its log-softmax


class Budget:
    """How much a pass may hold; shrinks where memory runs out all the same.

    Args:
        body: The model.
        memory: Bytes beyond the weights.
    """

    def __init__(self, body: Body, memory: int) -> None:
        self.memory = memory
        kind = body.device.type if body.device.type in PASS_TOKENS else "cpu"
        self.unit_tokens = UNIT_TOKENS[kind]
        self._body = body
        self._most = PASS_TOKENS[kind]

    def pass_tokens(self, before: int, width: int, keep: bool) -> int:
        """Returns how many tokens to run at once, in rows of `width` behind a beginning of `before` tokens."""
        body = self._body
        scores = 3 * body.heads * width * (before + width) * body.dtype.itemsize  # of one row: they go one by one
        left = self.memory - self.memory // HEAD_SHARE - 2 * before * body.cache_bytes - scores
        each = body.pass_bytes + (body.cache_bytes if keep else 0)
        return max(1, min(self._most, left // each))

    def head_rows(self) -> int:
        """Returns for how many positions to hold logits at once."""
        return max(1, min(HEAD_ROWS, self.memory // HEAD_SHARE // (HEAD_BYTES * self._body.vocabulary)))

    def shrink(self) -> None:
        """Halves what is run at once from here on."""
        self._most = max(1, self._most // 2)


@dataclass(frozen=True)
class Run:
    """What a pass gave.

    Attributes:
        hidden: Last hidden states: (rows, time, width).
        places: Nodes of the tree with the row and the column of their first token.
        beginning: What stood before all rows; for a trunk, the trunk included.
        own: Keys and values of the rows, layer by layer, each (rows, groups, time, width); none for a trunk.
        ends: See `doxa.models.local.trie.Unit.ends`: (rows, time); none for a trunk.
    """

    hidden: Tensor
    places: list[tuple[Node, int, int]]
    beginning: Beginning | None
    own: list[tuple[Tensor, Tensor]]
    ends: Tensor | None


def run_tree(body: Body, root: Node, budget: Budget, keep: bool) -> Iterator[Run]:
    """Runs every token of a prefix tree once, or a few times where that is cheaper.

    Args:
        body: The model.
        root: The tree.
        budget: How much a pass may hold.
        keep: Whether keys and values of the rows are wanted.
    """
    waiting: list[tuple[Trunk, Beginning | None]] = [(plan(root, budget.unit_tokens), None)]
    while waiting:
        trunk, beginning = waiting.pop()
        if trunk.nodes:
            run = _run_trunk(body, trunk.nodes, beginning, budget)
            beginning = run.beginning
            yield run
        yield from _run_units(body, trunk.units, beginning, budget, keep)
        waiting += [(inner, beginning) for inner in reversed(trunk.trunks)]


def _run_trunk(body: Body, nodes: Sequence[Node], before: Beginning | None, budget: Budget) -> Run:
    """Runs a trunk, a long one piece by piece."""
    start = nodes[0].start
    tokens = [token for node in nodes for token in node.tokens]
    hidden: list[Tensor] = []
    beginning = before

    def run(places: Sequence[int]) -> bool:
        nonlocal beginning
        count = len(places)
        sees = torch.ones(1, count, count, dtype=torch.bool, device=body.device).tril()
        positions = torch.tensor([[start + place for place in places]], device=body.device)
        kept: list[tuple[Tensor, Tensor]] = []
        piece = torch.tensor([[tokens[place] for place in places]])
        found = body.run(piece, positions, TreeSight(sees, positions, beginning, kept))
        if beginning is None:
            beginning = Beginning([(keys[0], values[0]) for keys, values in kept])
        else:
            beginning = beginning.extended(kept)
        hidden.append(found)
        return True

    place = 0
    while place < len(tokens):
        # Scores of a piece go with the square of its length, so a piece is no longer than a row need be.
        length = min(budget.pass_tokens(start + place, TRUNK_TOKENS, keep=True), TRUNK_TOKENS)
        piece = range(place, min(place + length, len(tokens)))
        for _ in halving(run, piece, budget.shrink):
            pass
        place = piece.stop
    return Run(torch.cat(hidden, dim=1), [(node, 0, node.start - start) for node in nodes], beginning, [], None)


TRUNK_TOKENS = 1024  # of a trunk run at once


def _run_units(
    body: Body, units: Sequence[Unit], beginning: Beginning | None, budget: Budget, keep: bool
) -> Iterator[Run]:
    rows = pack(units, budget.unit_tokens)
    before = 0 if beginning is None else beginning.length
    place = 0
    while place < len(rows):
        width = max(sum(len(unit.tokens) for unit in rows[place]), 1)
        count = max(1, budget.pass_tokens(before, width, keep) // width)
        batch = _alike(rows[place : place + count])
        place += len(batch)

        def run(some: Sequence[Unit], width: int = width) -> Run:
            return _run_rows(body, pack(some, width), beginning, keep)

        yield from halving(run, [unit for row in batch for unit in row], budget.shrink, split)


def _alike(rows: Sequence[list[Unit]]) -> Sequence[list[Unit]]:
    """Returns the first rows, as long as padding them to the first one's width wastes less than half."""
    widths = [sum(len(unit.tokens) for unit in row) for row in rows]
    return rows[: sum(1 for _ in itertools.takewhile(lambda width: 2 * width > widths[0], widths))]


def _run_rows(body: Body, rows: Sequence[Sequence[Unit]], beginning: Beginning | None, keep: bool) -> Run:
    width = max(sum(len(unit.tokens) for unit in row) for row in rows)
    tokens = torch.zeros(len(rows), width, dtype=torch.long)
    positions = torch.zeros(len(rows), width, dtype=torch.long)
    ends = torch.zeros(len(rows), width, dtype=torch.long)  # padding is seen by nobody
    places: list[tuple[Node, int, int]] = []
    for row, units in enumerate(rows):
        start = 0
        for unit in units:
            stop = start + len(unit.tokens)
            tokens[row, start:stop] = torch.tensor(unit.tokens)
            positions[row, start:stop] = torch.tensor(unit.positions)
            ends[row, start:stop] = torch.tensor(unit.ends) + start
            places += [(node, row, start + at) for node, at in unit.places]
            start = stop
    column = torch.arange(width)
    sees = (column[None, :] <= column[:, None]) & (column[:, None] < ends[:, None, :])  # (rows, time, columns)
    kept: list[tuple[Tensor, Tensor]] | None = [] if keep else None
    sight = TreeSight(sees.to(body.device), positions.to(body.device), beginning, kept)
    hidden = body.run(tokens, positions, sight)
    return Run(hidden, places, beginning, kept or [], ends)
