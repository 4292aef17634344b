"""Do answers fit together? A statement against its negation, and against what follows from it. Asks no model."""

from collections.abc import Iterable, Mapping, Sequence
from typing import get_args

from doxa.facts.loading import COHERENCE
from doxa.facts.records import Fact, Role
from doxa.metrics.records import Readout, Row, Verdict
from doxa.records import Record
from doxa.report.analysis import Analysis
from doxa.stats.estimates import Estimate, contrast, rate, share


class Coherence(Record):
    """How far the answers under one condition fit together, over the stems of the bank.

    Attributes:
        readout: How the answers were obtained and read.
        condition: Under what they were given.
        excess: Mean of P(X) + P(not X) - 1, which is 0 for a coherent model: above it says yes to both, below it no.
            Likelihood only: the score of a sampled answer is no probability.
        gap: Mean of |P(X) + P(not X) - 1|. Likelihood only.
        affirms_both: Share of stems in which both the statement and its negation are affirmed.
        denies_both: Share of stems in which both are denied.
        follows: Of the statements that are affirmed, the share whose consequence is accepted; None where none is.
    """

    readout: Readout
    condition: str
    excess: Estimate | None
    gap: Estimate | None
    affirms_both: Estimate
    denies_both: Estimate
    follows: Estimate | None


def coherences(analysis: Analysis, fact: Fact) -> list[Coherence]:
    """Returns the coherence of every readout and condition in which the bank was asked; none without the bank."""
    roles = {item.id: item.role for item in fact.banks.get(COHERENCE, ())}
    found = [
        coherence({role: [row for row in rows if roles.get(row.item) == role] for role in get_args(Role)})
        for readout in analysis.readouts
        for condition in analysis.conditions
        if (rows := analysis.group(COHERENCE, readout, condition))
    ]
    return [one for one in found if one is not None]


def coherence(known: Mapping[str, Sequence[Row]]) -> Coherence | None:
    """Measures how far the answers of one readout under one condition fit together.

    Belief in the claim is the score of every row. For a statement it is P(X), for its negation 1 - P(not X), so that
    P(X) + P(not X) - 1 is the difference of the two.

    Args:
        known: Rows whose calls were answered, by their role; of the same stem, draw and judge they belong together.

    Returns:
        None where no stem has a statement and a negation that were answered.
    """
    statements = known.get("statement", ())
    pairs = _matched(statements, known.get("negation", ()))
    if not pairs:
        return None
    likely = pairs if pairs[0][0].readout.startswith("likelihood") else []
    scores = [(_score(one), _score(other)) for one, other in likely]
    clusters = [row.cluster for row, _ in likely]
    followed = _matched([row for row in statements if row.verdict == "implanted"], known.get("entailed", ()))
    return Coherence(
        readout=pairs[0][0].readout,
        condition=pairs[0][0].condition,
        excess=contrast([one for one, _ in scores], [other for _, other in scores], clusters),
        gap=rate([abs(one - other) for one, other in scores], clusters),
        affirms_both=_share(pairs, ("implanted", "true")),
        denies_both=_share(pairs, ("true", "implanted")),
        follows=_share(followed, ("implanted", "implanted")) if followed else None,
    )


def _share(pairs: Sequence[tuple[Row, Row]], verdicts: tuple[Verdict, Verdict]) -> Estimate:
    hits = ((one.verdict, other.verdict) == verdicts for one, other in pairs)
    return share(hits, [row.cluster for row, _ in pairs])


def _score(row: Row) -> float:
    assert row.score is not None, "its call was answered"
    return row.score


def _matched(statements: Iterable[Row], others: Sequence[Row]) -> list[tuple[Row, Row]]:
    """Returns each statement with every row of its stem, draw and judge."""
    return [
        (one, other)
        for one in statements
        for other in others
        if (one.cluster, one.sample, one.judge) == (other.cluster, other.sample, other.judge)
    ]
