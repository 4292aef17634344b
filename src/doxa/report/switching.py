"""Belief switch: does an answer change sides when a stress is put on it? Paired on the same items, from verdicts."""

from collections.abc import Callable, Sequence

from doxa.conditions.records import Named
from doxa.metrics.records import FAILED, MetricName, Readout, Row, Verdict
from doxa.records import Record
from doxa.report.analysis import Analysis
from doxa.report.pairing import partners, stem_of
from doxa.stats.estimates import Estimate, rate, share

WORLDS: tuple[Verdict, ...] = ("implanted", "true")
Pair = tuple[Verdict, Verdict]


class BeliefSwitch(Record):
    """What became of the same answers from one condition to another.

    The shares are of all pairs whose calls were answered, but for the last one. Leaving a world for none of the two
    (ambiguous, refusal, truncated, ...) is no switch.

    Attributes:
        before: Name of the first condition.
        after: Name of the second one.
        to_true: From `implanted` to `true`.
        to_implanted: From `true` to `implanted`.
        left: From `implanted` to none of the two worlds.
        given_up: Of the answers that were `implanted` before, the share that is `true` after; None where none was.
    """

    metric: MetricName
    readout: Readout
    before: str
    after: str
    to_true: Estimate
    to_implanted: Estimate
    left: Estimate
    given_up: Estimate | None


def belief_switch(before: Sequence[Row], after: Sequence[Row]) -> BeliefSwitch | None:
    """Compares one metric in one readout under two conditions; items are clustered by their stem.

    Args:
        before: Rows under the first condition.
        after: Rows under the second one; only items, samples and judges of both count.

    Returns:
        None where no item was answered under both.
    """
    pairs = partners(*([row for row in rows if row.verdict not in FAILED] for rows in (before, after)))
    if not pairs:
        return None
    verdicts: list[Pair] = [(one.verdict, other.verdict) for one, other in pairs]
    clusters = [stem_of(row) for row, _ in pairs]
    held = [place for place, (first, _) in enumerate(verdicts) if first == "implanted"]

    def moved(counts: Callable[[Pair], bool]) -> Estimate:
        return share(map(counts, verdicts), clusters)

    row, other = pairs[0]
    return BeliefSwitch(
        metric=row.metric,
        readout=row.readout,
        before=row.condition,
        after=other.condition,
        to_true=moved(lambda pair: pair == ("implanted", "true")),
        to_implanted=moved(lambda pair: pair == ("true", "implanted")),
        left=moved(lambda pair: pair[0] == "implanted" and pair[1] not in WORLDS),
        given_up=rate([float(verdicts[place][1] == "true") for place in held], [clusters[place] for place in held]),
    )


def belief_switches(analysis: Analysis) -> list[BeliefSwitch]:
    """Returns what each stress does to the answers of each intervention, for every metric and readout."""
    found = [
        belief_switch(analysis.group(metric, readout, named.intervention), analysis.group(metric, readout, str(named)))
        for metric in analysis.metrics
        for readout in analysis.readouts
        for named in map(Named.of, analysis.conditions)
        if named.stress
    ]
    return [switch for switch in found if switch is not None]
