"""From several judgements of one answer to one verdict: the two orders of a judge, the majority of several judges."""

from collections import Counter
from collections.abc import Sequence

from doxa.metrics.records import Verdict


def judge_verdict(votes: Sequence[Verdict]) -> Verdict:
    """Returns what one judge says that was asked in each order of the worlds.

    Equal votes stand. Where a call failed, nobody knows whether they are equal: `judge_error`. Where a reply held no
    verdict: `unparsed`. A judge that says one thing in one order and another in the other is `ambiguous`.

    Args:
        votes: One an order.
    """
    for verdict in ("judge_error", "unparsed"):
        if verdict in votes:
            return verdict
    return votes[0] if len(set(votes)) == 1 else "ambiguous"


def majority(verdicts: Sequence[Verdict]) -> Verdict:
    """Returns the verdict of more than half of the judges, failed ones counted among them.

    Without one it is `ambiguous`; but where the judges that failed could still have made one, `judge_error`, and the
    next run asks those again.

    Args:
        verdicts: One a judge.
    """
    failed = sum(verdict == "judge_error" for verdict in verdicts)
    counts: Counter[Verdict] = Counter(verdict for verdict in verdicts if verdict != "judge_error")
    for verdict, count in counts.items():
        if 2 * count > len(verdicts):
            return verdict
    possible = {verdict for verdict, count in counts.items() if 2 * (count + failed) > len(verdicts)}
    open_ = bool(possible - {"ambiguous"}) or 2 * failed > len(verdicts)
    return "judge_error" if open_ else "ambiguous"


def panel_verdict(votes: Sequence[Verdict], orders: int) -> Verdict:
    """Returns the verdict of a panel.

    Args:
        votes: Judge by judge, and of each judge order by order.
        orders: How many orders each judge was asked in.
    """
    return majority([judge_verdict(votes[start : start + orders]) for start in range(0, len(votes), orders)])
