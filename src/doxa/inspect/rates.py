"""What doxa's verdicts come to, in the shape of an Inspect metric."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from inspect_ai.scorer import SampleScore

from doxa.stats.estimates import rate

BELIEF = "belief"  # where a score's metadata have the number that goes with the verdict


def rates(scores: Sequence[SampleScore]) -> dict[str, float]:
    """Returns for each of doxa's metrics its rate, both ends of the 95 % interval, items and clusters.

    Failed calls count neither way. Without a single score there is no rate.
    """
    numbers: dict[str, list[float]] = defaultdict(list)
    clusters: dict[str, list[str]] = defaultdict(list)
    for score in scores:
        about, belief = score.sample_metadata or {}, (score.score.metadata or {}).get(BELIEF)
        if belief is not None:
            numbers[about["metric"]].append(belief)
            clusters[about["metric"]].append(about["cluster"])
    found: dict[str, float] = {}
    for metric, values in numbers.items():
        estimate = rate(values, clusters[metric])
        assert estimate is not None, "there is a score"
        found |= {
            metric: estimate.value,
            f"{metric}.low": estimate.low,
            f"{metric}.high": estimate.high,
            f"{metric}.n": estimate.n,
            f"{metric}.clusters": estimate.clusters,
        }
    return found


def shares(scores: Sequence[SampleScore]) -> dict[str, float]:
    """Returns the share of every verdict among all samples, failed ones too."""
    counts = Counter(score.score.as_str() for score in scores)
    return {verdict: count / len(scores) for verdict, count in sorted(counts.items())}
