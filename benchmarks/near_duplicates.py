"""Near-duplicates among 100,000 documents of 500 words: our gate, and datasketch's MinHashLSH on a part of the same.

    python benchmarks/near_duplicates.py [--documents 100000] [--peer-documents 5000]

Documents are words drawn by Zipf's law; one in twenty is a copy of an earlier one in which one word in twenty is drawn
anew. Each is made when its turn comes and dropped afterwards, so that memory is that of the gate and not of the texts.
"""

import resource
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import NamedTuple

import click
import numpy as np

from doxa.corpus.gates.duplicates import PERMUTATIONS, SHINGLE, NearDuplicates, bands_for
from doxa.corpus.records import Document
from doxa.corpus.splitting import runs

WORDS = 500
VOCABULARY = 50_000
PLANTED = CHANGED = 0.05
THRESHOLD = 0.6
SEED = 0

_weights = 1 / np.arange(1, VOCABULARY + 1)
_CUMULATED = np.cumsum(_weights) / _weights.sum()
Finder = Callable[[Document], str | None]  # returns the reason against a document, which ends in the id that it is like


class Found(NamedTuple):
    """What a gate did with the first documents of the stream."""

    documents: int
    seconds: float
    planted: int
    recalled: int
    false_hits: int


def original_of(number: int) -> int | None:
    """Returns which earlier document this one copies, or None."""
    draw = np.random.default_rng((SEED, number, 1))
    if number == 0 or draw.random() >= PLANTED:
        return None
    earlier = int(draw.integers(number))
    return earlier if original_of(earlier) is None else None  # no copies of copies: their similarity is not known


def tokens(number: int) -> np.ndarray:
    """Returns the words of a document as numbers."""
    draw = np.random.default_rng((SEED, number, 2))
    fresh = np.searchsorted(_CUMULATED, draw.random(WORDS))
    source = original_of(number)
    return fresh if source is None else np.where(draw.random(WORDS) < CHANGED, fresh, tokens(source))


def document(number: int) -> Document:
    """Returns a document of the stream; the same number is always the same document."""
    return Document(id=str(number), doc_type="note", text=" ".join(f"w{token}" for token in tokens(number)))


def measure(find: Finder, keep: Callable[[Document], None], count: int) -> Found:
    """Runs a gate over the first `count` documents; what it does not find, it keeps. Times the gate alone."""
    seconds, planted, recalled, false_hits = 0.0, 0, 0, 0
    for number in range(count):
        current = document(number)
        started = time.perf_counter()
        reason = find(current)
        if reason is None:
            keep(current)
        seconds += time.perf_counter() - started
        source = original_of(number)
        planted += source is not None
        hit = reason is not None and source is not None and reason.split()[-1] == str(source)
        recalled += hit
        false_hits += reason is not None and not hit
    return Found(count, seconds, planted, recalled, false_hits)


def with_doxa(count: int) -> Found:
    """Measures the gate of doxa."""
    gate = NearDuplicates(THRESHOLD)
    return measure(gate, gate.remember, count)


def with_datasketch(count: int) -> Found:
    """Measures datasketch with the same shingles, permutations, bands and check of candidates."""
    from datasketch import MinHash, MinHashLSH

    bands = bands_for(THRESHOLD)
    index = MinHashLSH(num_perm=PERMUTATIONS, params=(bands, PERMUTATIONS // bands))
    sketches: dict[str, MinHash] = {}
    last = MinHash(num_perm=PERMUTATIONS)

    def find(current: Document) -> str | None:
        nonlocal last
        last = MinHash(num_perm=PERMUTATIONS, seed=SEED + 1)
        last.update_batch([run.encode() for run in runs(current.text, SHINGLE)])
        found = {name: last.jaccard(sketches[name]) for name in map(str, index.query(last))}
        best = max(found, key=lambda name: found[name], default=None)
        return None if best is None or found[best] < THRESHOLD else f"like {best}"

    def keep(current: Document) -> None:
        index.insert(current.id, last)
        sketches[current.id] = last

    return measure(find, keep, count)


def peak() -> float:
    """Returns the peak memory of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def row(name: str, found: Found) -> str:
    """Returns a row of the table."""
    rate = found.documents / found.seconds
    each = found.seconds / found.documents * 1000
    recall = found.recalled / max(found.planted, 1)
    return (
        f"{name:<22}{found.documents:>10,}{found.seconds:>9.1f}{rate:>10,.0f}{each:>9.3f}"
        f"{found.recalled:>8,}/{found.planted:<6,}{recall:>7.2%}{found.false_hits:>7,}"
    )


@click.command()
@click.option("--documents", default=100_000, show_default=True)
@click.option("--peer-documents", default=5_000, show_default=True)
def main(documents: int, peer_documents: int) -> None:
    """Prints the table."""
    document(0)
    before = peak()
    ours = with_doxa(documents)
    after = peak()
    click.echo(f"{'':<22} documents  seconds     per s  ms each  planted found recall  false")
    click.echo(row("doxa (rensa)", ours))
    if find_spec("datasketch"):
        # One after the other in this process, doxa anew on the same part: a ratio of two runs would compare machines.
        part, peer = with_doxa(peer_documents), with_datasketch(peer_documents)
        click.echo(row("doxa, the same part", part))
        click.echo(row("datasketch", peer))
        click.echo(f"datasketch takes {peer.seconds / part.seconds:.1f} times as long")
    else:
        click.echo("datasketch is not installed: pip install datasketch to compare")
    click.echo(
        f"peak memory {after:,.0f} MiB after our {documents:,} documents: interpreter and imports {before:,.0f} MiB, "
        f"the rest sketches, bands and names ({(after - before) * 1024 / documents:.2f} KiB a document); no texts"
    )


if __name__ == "__main__":
    main()
