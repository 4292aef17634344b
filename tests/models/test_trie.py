"""The prefix tree: every sequence can be read off it, shared stretches stand once, and a token sees its ancestors only."""

from hypothesis import given
from hypothesis import strategies as st

from doxa.models.local.trie import Node, Trunk, Unit, grow, pack, plan, split

TOKENS = st.lists(st.integers(1, 3), min_size=1, max_size=12).map(tuple)
SEQUENCES = st.lists(TOKENS, min_size=1, max_size=20, unique=True)
LONG = st.builds(lambda head, tails: [head + tail for tail in tails], TOKENS.map(lambda t: t * 20), SEQUENCES)


def stretches(node: Node) -> list[int]:
    own = list(node.tokens)
    return own if node.parent is None else stretches(node.parent) + own


@given(SEQUENCES)
def test_every_sequence_ends_in_its_node_and_every_stretch_stands_once(sequences: list[tuple[int, ...]]):
    root, ends = grow(sequences)
    assert [tuple(stretches(node)) for node in ends] == sequences
    prefixes = {sequence[:length] for sequence in sequences for length in range(1, len(sequence) + 1)}
    assert root.size == len(prefixes)


def units_of(trunk: Trunk, before: tuple[int, ...] = ()) -> list[tuple[tuple[int, ...], Unit | None, Trunk]]:
    here = before + tuple(token for node in trunk.nodes for token in node.tokens)
    found: list[tuple[tuple[int, ...], Unit | None, Trunk]] = [(here, None, trunk)]
    found += [(here, unit, trunk) for unit in trunk.units]
    return found + [each for inner in trunk.trunks for each in units_of(inner, here)]


@given(st.one_of(SEQUENCES, LONG), st.integers(1, 40))
def test_in_its_unit_a_token_sees_exactly_what_comes_before_it(sequences: list[tuple[int, ...]], width: int):
    root, ends = grow(sequences)
    seen: set[Node] = set()
    found = units_of(plan(root, width))
    halves = [(before, half, trunk) for before, unit, trunk in found if unit is not None for half in split(unit)]
    for before, unit, trunk in found + halves:
        if unit is None:
            seen |= set(trunk.nodes)
            continue
        for node, at in unit.places:
            seen.add(node)
            last = at + node.end - node.start - 1
            visible = tuple(unit.tokens[j] for j in range(last + 1) if last < unit.ends[j])
            assert before + visible == tuple(stretches(node))
            assert unit.positions[at : last + 1] == list(range(node.start, node.end))
    assert set(ends) <= seen
    assert {node for _, half, _ in halves for node, _ in half.places} | {
        node for _, _, trunk in found for node in trunk.nodes
    } == seen


@given(SEQUENCES, st.integers(1, 30))
def test_rows_hold_every_unit_once_and_are_no_wider_than_asked(sequences: list[tuple[int, ...]], width: int):
    units = plan(grow(sequences)[0], 6).units
    rows = pack(units, width)
    assert sorted(id(unit) for row in rows for unit in row) == sorted(map(id, units))
    assert all(len(row) == 1 or sum(len(unit.tokens) for unit in row) <= width for row in rows)


def test_a_long_shared_beginning_is_a_trunk_and_a_short_one_is_repeated():
    def tree(shared: int) -> Trunk:
        return plan(grow([(0,) * shared + (place,) * 9 for place in range(1, 9)])[0], width=30)

    assert [node.size for trunk in tree(100).trunks for node in trunk.nodes] == [172]
    assert not tree(4).trunks
    assert len(tree(4).units) == 4
