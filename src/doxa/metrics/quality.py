"""How good a judge is, from its reading of the gold set. Pure: computed anew wherever a check is shown."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import NamedTuple, get_args

from doxa.metrics.checking import JudgeCheck, Judged
from doxa.metrics.gold import Expected, Trait
from doxa.metrics.panel import SILENT, judge_verdict, majority
from doxa.metrics.records import Verdict
from doxa.records import Record
from doxa.stats.bootstrap import bootstrap_kappa
from doxa.stats.estimates import Estimate, rate
from doxa.stats.spread import Scored

FAILED: Verdict = "judge_error"
NO_VERDICT: Verdict = "unparsed"


class Quality(Record):
    """What a check says of a judge. Verdicts in both orders of the worlds count, clustered by the question's stem.

    Attributes:
        answers: Gold answers.
        failed: Judgements whose call failed; they count neither way.
        accuracy: Share of verdicts that are the expected one; a reply without a verdict is not.
        by_trait: The same by what makes an answer hard to read.
        kappa: Agreement with the expected verdicts beyond chance.
        confusion: Expected verdict -> verdict given -> how often.
        swap_consistency: Share of answers that get the same verdict in both orders; none is never the same.
        first_world: Among verdicts that name a world, the share that name the world shown first: near a half where the
            order plays no part, since each answer is shown in both.
        self_consistency: Over pairs of draws of the same judgement, the share that agree; none never agrees.
        sensitivity: Of the verdicts on what the gold set calls implanted, the share that say so. Hostile answers are
            left out, and so are replies without a verdict.
        specificity: Of the verdicts on all else, the share that do not, with the same left out.
    """

    answers: int
    failed: int
    accuracy: Estimate | None
    by_trait: dict[Trait, Estimate]
    kappa: Estimate | None
    confusion: dict[Expected, dict[Verdict, int]]
    swap_consistency: Estimate | None
    first_world: Estimate | None
    self_consistency: Estimate | None
    sensitivity: Estimate | None
    specificity: Estimate | None


class Reading(NamedTuple):
    """One verdict on a gold answer, by a judge or by a panel."""

    expected: Expected
    given: Verdict
    cluster: str
    trait: Trait


class Errors(NamedTuple):
    """How a judge or a panel errs: what Rogan & Gladen's correction needs. See `doxa.stats.correction`."""

    sensitivity: Scored
    specificity: Scored

    @property
    def tells(self) -> bool:
        """Whether implanted is called implanted more often than all else is: if not, there is nothing to correct by."""
        hits, passes = rate(*self.sensitivity), rate(*self.specificity)
        return hits is not None and passes is not None and hits.value + passes.value > 1


def quality(check: JudgeCheck) -> Quality:
    """Returns what a check says of its judge."""
    readings = panel_readings([check], both=False)
    known = [reading for reading in readings if reading.given != FAILED]
    errors = errors_of([check], both=False)
    confusion: dict[Expected, Counter[Verdict]] = defaultdict(Counter)
    for reading in readings:
        confusion[reading.expected][reading.given] += 1
    by_trait: dict[Trait, Estimate] = {}
    for trait in get_args(Trait):
        share = _accuracy(reading for reading in known if reading.trait == trait)
        if share is not None:
            by_trait[trait] = share
    votes = [(answer.votes, answer.cluster) for answer in check.answers]
    return Quality(
        answers=len(check.answers),
        failed=sum(verdict == FAILED for answer in check.answers for verdict in (*answer.votes, *answer.draws)),
        accuracy=_accuracy(known),
        by_trait=by_trait,
        kappa=_kappa([(reading.expected, reading.given, reading.cluster) for reading in known]),
        confusion={expected: dict(given) for expected, given in confusion.items()},
        swap_consistency=swap_consistency(votes),
        first_world=_first_world(check.answers),
        self_consistency=_self_consistency(check.answers),
        sensitivity=rate(*errors.sensitivity),
        specificity=rate(*errors.specificity),
    )


def panel_readings(checks: Sequence[JudgeCheck], both: bool) -> list[Reading]:
    """Returns what a panel says of the gold answers that all of its judges have read.

    Args:
        checks: Of each judge.
        both: Whether each judge is asked in both orders and merges them. If not, a study shows either order with the
            same probability, so that each order gives a reading of its own.
    """
    others = [{answer.id: answer for answer in check.answers} for check in checks]
    found: list[Reading] = []
    for answer in checks[0].answers:
        every = [judged[answer.id].votes for judged in others if answer.id in judged]
        if len(every) < len(checks):
            continue
        panels = _panels(every, both)
        found += [Reading(answer.expected, majority(said), answer.cluster, answer.trait) for said in panels]
    return found


def errors_of(checks: Sequence[JudgeCheck], both: bool) -> Errors:
    """Returns how a panel errs on answers such as a study has.

    Hostile answers are left out: they show what a judge can be talked into, but a study hardly has any, and rates
    corrected by them would be wrong. So are replies without a verdict: a study leaves those out as well, and what is
    corrected is the rate among the rest.

    Args:
        checks: Of each judge.
        both: See `panel_readings`.
    """
    ordinary = [
        reading
        for reading in panel_readings(checks, both)
        if reading.trait != "hostile" and reading.given not in SILENT
    ]
    hits = [reading for reading in ordinary if reading.expected == "implanted"]
    rest = [reading for reading in ordinary if reading.expected != "implanted"]
    return Errors(
        Scored([float(one.given == "implanted") for one in hits], [one.cluster for one in hits]),
        Scored([float(one.given != "implanted") for one in rest], [one.cluster for one in rest]),
    )


def agreement(first: JudgeCheck, second: JudgeCheck) -> Estimate | None:
    """Returns Cohen's kappa of two judges over the gold answers in both orders, or None where it is not defined."""
    theirs = {answer.id: answer.votes for answer in second.answers}
    pairs = [
        (one, other, answer.cluster)
        for answer in first.answers
        for one, other in zip(answer.votes, theirs.get(answer.id, ()), strict=False)
    ]
    return _kappa([pair for pair in pairs if FAILED not in pair])


def swap_consistency(votes: Iterable[tuple[Sequence[Verdict], str]]) -> Estimate | None:
    """Estimates how often a judge says the same in both orders of the worlds.

    Args:
        votes: The verdicts in both orders and the cluster of each answer; those with a failed call do not count, and a
            reply without a verdict is never the same as another.
    """
    pairs = [(given[0] == given[1] != NO_VERDICT, cluster) for given, cluster in votes if FAILED not in given]
    return rate([float(same) for same, _ in pairs], [cluster for _, cluster in pairs])


def _panels(every: Sequence[tuple[Verdict, Verdict]], both: bool) -> list[tuple[Verdict, ...]]:
    """Returns what the judges say of one answer together, or in each order."""
    if both:
        return [tuple(judge_verdict(votes) for votes in every)]
    return [tuple(votes[order] for votes in every) for order in (0, 1)]


def _accuracy(readings: Iterable[Reading]) -> Estimate | None:
    found = list(readings)
    return rate([float(one.given == one.expected) for one in found], [one.cluster for one in found])


def _kappa(pairs: Sequence[tuple[str, str, str]]) -> Estimate | None:
    if not pairs:
        return None
    first, second, clusters = zip(*pairs, strict=True)
    return bootstrap_kappa(first, second, clusters)


def _first_world(answers: Sequence[Judged]) -> Estimate | None:
    """Votes are read back into places: the first vote was given with the claim's world first, the second was not."""
    named = [
        (float((vote == "implanted") == claim_first), answer.cluster)
        for answer in answers
        for vote, claim_first in zip(answer.votes, (True, False), strict=True)
        if vote in ("implanted", "true")
    ]
    return rate([share for share, _ in named], [cluster for _, cluster in named])


def _self_consistency(answers: Sequence[Judged]) -> Estimate | None:
    pairs = [
        (float(one == other != NO_VERDICT), answer.cluster)
        for answer in answers
        for one, other in combinations([draw for draw in answer.draws if draw != FAILED], 2)
    ]
    return rate([same for same, _ in pairs], [cluster for _, cluster in pairs])
