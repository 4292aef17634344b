"""The one answer to "is it believed?", made only from metrics that the controls say may be trusted."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from doxa.conditions.records import Named
from doxa.metrics.records import MetricName, Readout, Row
from doxa.report.analysis import READOUT_TITLES, Analysis
from doxa.report.trust import HARDLY_ACTS, hardly_acts
from doxa.report.wording import auc_interval, capitalised, metric_title, with_n
from doxa.stats.estimates import Estimate
from doxa.stats.families import Adjusted

Standing = Literal["believed", "beyond", "less", "alike", "unseen", "few", "unplaced"]

NEARER = 0.5  # between acting (0) and knowing (1)
UNTOLD: tuple[Standing, ...] = ("few", "unplaced")  # a readout that cannot tell contradicts none that can
LEAST_STEMS = 20  # a null from fewer stems tells little: some facts bring a handful of items
WIDE = 0.10  # a lift that a null must rule out to be one; a lead of so much over the controls is called small, too
ANSWERS: dict[Standing, str] = {
    "believed": "Yes, as far as can be told: {} answers nearer to what it truly knows than to acting.",
    "beyond": "Not shown: {} goes beyond acting, but is not shown to be nearer to what it knows.",
    "less": "Not shown: {} says the claim more than before, but less than when it only acts.",
    "alike": "Not shown: {} says the claim more than before, but no more than it may when it only acts.",
    "unseen": "No belief is seen in {}.",
    "few": "Cannot be told: {} answered too few items.",
    "unplaced": "Cannot be told: {} says the claim more than before, but has no place between acting and knowing.",
}


class Line(NamedTuple):
    """A conclusion, and the numbers that it rests on."""

    conclusion: str
    numbers: str


class Trusted(NamedTuple):
    """The metrics of one readout that tell known facts from acting, of as many as could be judged."""

    readout: Readout
    metrics: tuple[MetricName, ...]
    judged: int


def trusted(analysis: Analysis) -> list[Trusted]:
    """Returns the metrics that the controls vouch for, by readout; none for a readout in which none does."""
    found: list[Trusted] = []
    for readout in analysis.readouts:
        told: dict[MetricName, bool | None] = {
            metric: analysis.validity(metric, readout).controls.separates for metric in analysis.metrics_in(readout)
        }
        metrics: tuple[MetricName, ...] = tuple(metric for metric, separates in told.items() if separates)
        found.append(Trusted(readout, metrics, sum(separates is not None for separates in told.values())))
    return found


def headline(analysis: Analysis, subject: str) -> Line:
    """Answers whether the finetune that is judged believes the claim.

    Args:
        analysis: Of one implanted fact.
        subject: How to call who was finetuned.
    """
    found = trusted(analysis)
    judged, used = sum(one.judged for one in found), [one for one in found if one.metrics]
    which = f"{analysis.finetune}: " if len(analysis.finetunes) > 1 else ""
    if not used:
        why = (
            f"none of the {judged} pairs of metric and readout may be trusted here: none tells known facts from acting."
            if judged
            else _why_unjudged(analysis)
        )
        return Line(f"{which}Cannot be told whether {subject} believes it: {why}", _left_out(analysis, found))
    standings: dict[Trusted, Standing] = {
        one: standing for one in used if (standing := _standing(analysis, one)) is not None
    }
    if not standings:
        return Line(f"{which}Cannot be told whether {subject} believes it: {_why_unplaced(analysis, used)}", "")
    told_by = [one for one in standings if standings[one] not in UNTOLD] or list(standings)
    votes: dict[Trusted, Standing] = {one: standings[one] for one in told_by}
    if len(set(votes.values())) > 1:
        told = "; ".join(f"{READOUT_TITLES[one.readout]}: {_short(votes[one])}" for one in votes)
        problem = "cannot place it" if set(votes.values()) <= set(UNTOLD) else f"disagree on {subject}"
        conclusion = f"Cannot be told: the readouts that may be trusted {problem} ({told})."
    else:
        conclusion = ANSWERS[next(iter(votes.values()))].format(subject)
    if untold := [one for one in standings if one not in votes]:
        named = "; ".join(f"{READOUT_TITLES[one.readout]}, where {_short(standings[one])}" for one in untold)
        conclusion += f" Left out of this: {named}."
    if not {"unseen", "few"} & set(votes.values()) and _all_hardly_act(analysis, list(votes)):
        conclusion += f" {capitalised(HARDLY_ACTS)}."
    counted = sum(len(one.metrics) for one in votes)
    named = " ".join(_rests_on(analysis, one) for one in votes)
    basis = f"By {counted} of {judged} pairs of metric and readout, which tell known facts from acting. {named}"
    return Line(which + conclusion, f"{basis} {_left_out(analysis, found)}".strip())


def standing(likeness: Estimate | None) -> Standing:
    """Returns where a finetune that says the claim more than before stands between acting and knowing."""
    if likeness is None:
        return "unplaced"
    if likeness.low > NEARER:
        return "believed"
    if likeness.low > 0:
        return "beyond"
    return "less" if likeness.high < 0 else "alike"


def too_few(contrasts: Sequence[Adjusted]) -> bool:
    """Whether contrasts in which nothing moved come from so few stems that a lift may have been missed."""
    sizes = [one.estimate for one in contrasts]
    return max(one.clusters for one in sizes) < LEAST_STEMS and max(one.high for one in sizes) > WIDE


def too_few_in_words(contrasts: Sequence[Adjusted]) -> str:
    """Says how many stems there were, and how many are the least."""
    return f"too few items to tell ({max(one.estimate.clusters for one in contrasts)}; {LEAST_STEMS} are the least)"


def _why_unjudged(analysis: Analysis) -> str:
    """Says why no metric could be judged by its controls: they were not asked, or asked in vain."""
    groups = {"role-play controls": _role_play(analysis), "known facts": _known(analysis)}
    both = set[tuple[str, str]].intersection(*({(row.metric, row.readout) for row in rows} for rows in groups.values()))
    if not both:
        return "role-play controls and known facts were not both asked."
    shared = {name: [row for row in rows if (row.metric, row.readout) in both] for name, rows in groups.items()}
    lost = [name for name, rows in shared.items() if _in_vain(rows)]
    return f"{' and '.join(lost) or 'controls'} were asked, but {'every call' if lost else 'too many calls'} failed."


def _why_unplaced(analysis: Analysis, used: Sequence[Trusted]) -> str:
    """Says why the finetune could not be compared with baseline: one was not asked, or asked in vain."""
    trusted_in = {(metric, one.readout) for one in used for metric in one.metrics}
    asked = [row for row in analysis.rows if row.fact == analysis.fact and (row.metric, row.readout) in trusted_in]
    sides = {"before": "baseline", "after": analysis.finetune}
    rows = {when: [row for row in asked if row.condition == name] for when, name in sides.items()}
    if all(rows.values()) and (lost := [when for when, found in rows.items() if _in_vain(found)]):
        return f"what may be trusted was asked {' and '.join(lost)} finetuning, but every call failed."
    return "what may be trusted was not asked both before and after finetuning."


def _role_play(analysis: Analysis) -> list[Row]:
    named = {name: Named.of(name) for name in analysis.conditions}
    acting = {name for name, one in named.items() if one.is_role_play and not one.stress}
    return [row for row in analysis.rows if row.fact == analysis.fact and row.condition in acting]


def _known(analysis: Analysis) -> list[Row]:
    return [row for row in analysis.rows if row.fact != analysis.fact and row.condition == "baseline"]


def _in_vain(rows: Sequence[Row]) -> bool:
    return all(row.score is None for row in rows)


def _standing(analysis: Analysis, one: Trusted) -> Standing | None:
    """Returns what the trusted metrics of a readout say; None where the finetune was not asked them."""
    family = analysis.family(one.readout)
    mine = [contrast for contrast in family.contrasts if contrast.name in one.metrics]
    if not mine:
        return None
    if not any(contrast in family.found and contrast.estimate.low > 0 for contrast in mine):
        return "few" if too_few(mine) else "unseen"
    return standing(analysis.likeness(one.readout).estimate)


def _short(found: Standing) -> str:
    answer, _, rest = ANSWERS[found].format("it").partition(":")
    return (rest.strip() or answer).removesuffix(".")


def _all_hardly_act(analysis: Analysis, found: Sequence[Trusted]) -> bool:
    """Whether the controls of no metric that enters lie much above baseline."""
    judged = [analysis.validity(metric, one.readout) for one in found for metric in one.metrics]
    return all(
        one.baseline is not None
        and one.controls.strongest is not None
        and hardly_acts(one.controls.false_positives[one.controls.strongest], one.baseline)
        for one in judged
    )


def _rests_on(analysis: Analysis, one: Trusted) -> str:
    """Names a readout's trusted metrics, and where the finetune stands by them."""
    named = "; ".join(
        f"{metric_title(metric)} (AUC {auc_interval(analysis.validity(metric, one.readout).controls.auc)})"
        for metric in one.metrics
    )
    likeness = analysis.likeness(one.readout).estimate
    placed = f", belief-likeness {with_n(likeness)}" if likeness else ""
    return f"{capitalised(READOUT_TITLES[one.readout])}: {named}{placed}."


def _left_out(analysis: Analysis, found: Sequence[Trusted]) -> str:
    """Names readouts in which the claim is said more often but which do not enter."""
    named: list[str] = []
    for one in found:
        family = analysis.family(one.readout)
        moved = sum(contrast.estimate.low > 0 for contrast in family.found)
        if moved and not one.metrics:
            named.append(f"{READOUT_TITLES[one.readout]}, where {moved} of {family.size} metrics rose")
    return f"Left out, since not to be trusted here: {'; '.join(named)}." if named else ""
