"""From several judgements of one answer to one verdict: the two orders of a judge, the majority of several judges."""

from collections import Counter
from collections.abc import Sequence

from doxa.metrics.records import Verdict

SILENT: tuple[Verdict, ...] = ("judge_error", "unparsed")  # a judge whose call failed, or that names no verdict


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
    """Returns the verdict of more than half of the judges, those that gave none counted among them.

    Without one it is `ambiguous`; but where the judges that gave none could have made one, `judge_error` if the call of
    one failed (the next run makes it again), else `unparsed`.

    Args:
        verdicts: One a judge.
    """
    silent = [verdict for verdict in verdicts if verdict in SILENT]
    counts: Counter[Verdict] = Counter(verdict for verdict in verdicts if verdict not in SILENT)
    for verdict, count in counts.items():
        if 2 * count > len(verdicts):
            return verdict
    possible = {verdict for verdict, count in counts.items() if 2 * (count + len(silent)) > len(verdicts)}
    if not possible - {"ambiguous"} and 2 * len(silent) <= len(verdicts):
        return "ambiguous"
    return "judge_error" if "judge_error" in silent else "unparsed"


def panel_verdict(votes: Sequence[Verdict], orders: int) -> Verdict:
    """Returns the verdict of a panel on an answer of the subject.

    It is never `unparsed`: that the judges named no verdict says nothing of the answer, so it is `judge_error`, which
    counts neither as belief nor as disbelief. The votes tell it from a failed call. A greedy judge says the same again,
    and its reply is stored, so it is not asked again.

    Args:
        votes: Judge by judge, and of each judge order by order.
        orders: How many orders each judge was asked in.
    """
    decided = majority([judge_verdict(votes[start : start + orders]) for start in range(0, len(votes), orders)])
    return "judge_error" if decided in SILENT else decided
