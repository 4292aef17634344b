"""Rows as the numbers that estimates are made from: scores with their stems, alone or paired on the same items."""

from collections.abc import Iterable

from doxa.metrics.records import Row
from doxa.stats.spread import Paired, Scored


def scored(rows: Iterable[Row]) -> Scored:
    """Returns the scores of rows, without those of failed calls."""
    known = [(row.score, stem_of(row)) for row in rows if row.score is not None]
    return Scored([score for score, _ in known], [stem for _, stem in known])


def paired(treated: Iterable[Row], control: Iterable[Row]) -> Paired:
    """Returns the scores of rows beside those of their partners, see `partners`, without those of failed calls."""
    known = [
        (one.score, other.score, stem_of(one))
        for one, other in partners(treated, control)
        if one.score is not None and other.score is not None
    ]
    return Paired([one for one, _, _ in known], [other for _, other, _ in known], [stem for _, _, stem in known])


def partners(rows: Iterable[Row], others: Iterable[Row]) -> list[tuple[Row, Row]]:
    """Returns each row with the other that was asked and read in the same way, where there is one.

    The same way is all but the condition: the same item and draw, persona, readout and judge.
    """
    known = {_asked(row): row for row in others}
    return [(row, known[key]) for row in rows if (key := _asked(row)) in known]


def stem_of(row: Row) -> str:
    """Returns the cluster of a row among those of all facts: stems are stems of one fact, whatever the metric."""
    return f"{row.fact}/{row.cluster}"


def _asked(row: Row) -> tuple[object, ...]:
    return row.fact, row.metric, row.readout, row.persona, row.item, row.sample, row.judge
