"""Plan token sequences as a prefix tree: what is run once and kept, and what is packed side by side. Knows no model.

A *trunk* is a stretch of tokens that many sequences pass through: it is run once and its keys and values are kept for
all that branches off it. What is left below a trunk falls into *units*, small trees of tokens; units are packed into
rows without padding between them, and in a row a token sees its ancestors only.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

MIN_SAVED = 64  # tokens; a trunk that saves fewer costs more (a small forward pass by itself) than it spares


@dataclass(eq=False)
class Node:
    """A stretch of tokens without a branch: `sequence[start:end]`. `size` counts the tokens of its whole subtree."""

    sequence: Sequence[int]
    start: int
    end: int
    parent: "Node | None" = None
    children: list["Node"] = field(default_factory=list)
    size: int = 0

    @property
    def tokens(self) -> Sequence[int]:
        """The stretch itself."""
        return self.sequence[self.start : self.end]


def grow(sequences: Sequence[tuple[int, ...]]) -> tuple[Node, list[Node]]:
    """Returns the root of the prefix tree of some sequences, and for each sequence the node in which it ends.

    Children stand in the order of their tokens, whatever the order of the sequences.
    """
    order = sorted(range(len(sequences)), key=sequences.__getitem__)
    arrays = [np.asarray(sequences[place], dtype=np.int64) for place in order]
    root = Node((), 0, 0)
    ends: list[Node] = [root] * len(sequences)
    path = [root]
    for number, place in enumerate(order):
        sequence = sequences[place]
        shared = _shared(arrays[number - 1], arrays[number]) if number else 0
        below: Node | None = None
        while path[-1].end > shared:
            below = path.pop()
        if below is not None and path[-1].end < shared:
            above = path[-1]
            middle = Node(below.sequence, above.end, shared, above, [below])
            above.children[-1] = middle
            below.start, below.parent = shared, middle
            path.append(middle)
        if len(sequence) > shared:
            leaf = Node(sequence, shared, len(sequence), path[-1])
            path[-1].children.append(leaf)
            path.append(leaf)
        ends[place] = path[-1]
    for node in reversed(list(_preorder(root))):
        node.size = node.end - node.start + sum(child.size for child in node.children)
    return root, ends


@dataclass(frozen=True)
class Unit:
    """A small tree of tokens in preorder.

    Attributes:
        tokens: The tokens.
        positions: Their positions in their sequences.
        ends: For each token the place after its last descendant: token j is seen by i where j <= i < ends[j].
        places: Nodes that the unit holds, each with the place of its first token.
    """

    tokens: list[int]
    positions: list[int]
    ends: list[int]
    places: list[tuple[Node, int]]


@dataclass
class Trunk:
    """A stretch that is run once, with what hangs on it.

    Attributes:
        nodes: The nodes of the stretch, from the top down; none for the root.
        units: What is run behind it, packed into rows.
        trunks: Further trunks behind it.
    """

    nodes: list[Node]
    units: list[Unit] = field(default_factory=list)
    trunks: list["Trunk"] = field(default_factory=list)


def plan(root: Node, width: int) -> Trunk:
    """Cuts a prefix tree into trunks and units.

    Args:
        root: The tree.
        width: Tokens up to which a subtree is one unit.
    """
    top = Trunk([])
    waiting: list[tuple[Trunk, list[Node], list[Node]]] = [(top, [], root.children)]
    while waiting:
        trunk, above, nodes = waiting.pop()
        own = sum(node.end - node.start for node in above)
        bundle: list[Node] = []
        room = width - own
        for node in nodes:
            if node.size > max(width - own, 0) and node.children:
                waiting.append(_descend(trunk, above, own, node, width))
                continue
            if not above:  # nothing to share with its neighbours: rows are packed from single units
                trunk.units.append(_unit([], [node]))
                continue
            if bundle and node.size > room:
                trunk.units.append(_unit(above, bundle))
                bundle, room = [], width - own
            bundle.append(node)
            room -= node.size
        if bundle:
            trunk.units.append(_unit(above, bundle))
    return top


def _descend(trunk: Trunk, above: list[Node], own: int, node: Node, width: int) -> tuple[Trunk, list[Node], list[Node]]:
    """Decides for a large subtree whether its first stretch becomes a trunk or is repeated in each unit below."""
    stretch = own + node.end - node.start
    copies = -(-node.size // max(width - stretch, 1))
    if (copies - 1) * stretch > MIN_SAVED:
        inner = Trunk([*above, node])
        trunk.trunks.append(inner)
        return inner, [], node.children
    return trunk, [*above, node], node.children


def _unit(above: Sequence[Node], nodes: Sequence[Node]) -> Unit:
    tokens: list[int] = []
    positions: list[int] = []
    ends: list[int] = []
    places: list[tuple[Node, int]] = []
    total = sum(node.end - node.start for node in above) + sum(node.size for node in nodes)

    def lay(node: Node, end: int) -> None:
        places.append((node, len(tokens)))
        tokens.extend(node.tokens)
        positions.extend(range(node.start, node.end))
        ends.extend([end] * (node.end - node.start))

    for node in above:
        lay(node, total)
    for node in nodes:
        for inner in _preorder(node):
            lay(inner, len(tokens) + inner.size)
    return Unit(tokens, positions, ends, places)


def split(unit: Unit) -> list[Unit]:
    """Returns a unit as two of half its leaves each; what leads to both halves is repeated. One leaf stays whole."""
    lasts = [at + node.end - node.start - 1 for node, at in unit.places if unit.ends[at] == at + node.end - node.start]
    if len(lasts) < 2:
        return [unit]
    column = np.arange(len(unit.tokens))
    ends = np.asarray(unit.ends)
    middle = len(lasts) // 2
    halves: list[Unit] = []
    for some in (lasts[:middle], lasts[middle:]):
        kept = np.any([(column <= last) & (ends > last) for last in some], axis=0)
        before = np.concatenate([[0], kept.cumsum()])  # kept tokens before each place
        halves.append(
            Unit(
                np.asarray(unit.tokens)[kept].tolist(),
                np.asarray(unit.positions)[kept].tolist(),
                before[ends[kept]].tolist(),
                [(node, int(before[at])) for node, at in unit.places if kept[at]],
            )
        )
    return halves


def pack(units: Sequence[Unit], width: int) -> list[list[Unit]]:
    """Packs units into rows of at most `width` tokens, the longest first; a longer unit has a row of its own."""
    rows: list[list[Unit]] = []
    free: list[int] = []
    for unit in sorted(units, key=lambda unit: -len(unit.tokens)):
        length = len(unit.tokens)
        recent = range(max(0, len(rows) - OPEN_ROWS), len(rows))
        place = next((row for row in recent if free[row] >= length), None)
        if place is None:
            rows.append([unit])
            free.append(width - length)
        else:
            rows[place].append(unit)
            free[place] -= length
    return rows


OPEN_ROWS = 64  # rows that may still take a unit; looking through more costs time and fills little


def _shared(one: np.ndarray, other: np.ndarray) -> int:
    length = min(len(one), len(other))
    different = one[:length] != other[:length]
    return int(different.argmax()) if different.any() else length


def _preorder(node: Node) -> Iterator[Node]:
    waiting = [node]
    while waiting:
        last = waiting.pop()
        yield last
        waiting += reversed(last.children)
