"""Who judged, how well they judge, and rates corrected for their errors. Asks no model."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path

from doxa.metrics.checking import CHECKS, JudgeCheck, load_checks, save_check
from doxa.metrics.judging import GRADERS
from doxa.metrics.panel import SILENT, judge_verdict
from doxa.metrics.quality import Errors, Quality, errors_of, quality, swap_consistency
from doxa.metrics.records import TITLES, MetricName, Row, Verdict
from doxa.records import Record
from doxa.report.analysis import Analysis
from doxa.report.failures import is_silent
from doxa.report.pairing import scored, stem_of
from doxa.stats.bootstrap import bootstrap_kappa
from doxa.stats.correction import Corrected, corrected
from doxa.stats.estimates import Estimate, rate
from doxa.study.judges import JUDGE_PROMPT, judge_key
from doxa.study.records import MAJORITY, Study, subject_key

NOTHING_CORRECTED = "tells implanted from all else no better than chance; its rates cannot be corrected"


class Judge(Record):
    """One judge of a study.

    Attributes:
        judge: Its name.
        is_subject: Whether it judges itself.
        words: What is known of it, in a sentence or two.
        quality: What its check says; None where it is unchecked.
        swap_consistency: On the study's own answers, where they were judged in both orders.
    """

    judge: str
    is_subject: bool
    words: str
    quality: Quality | None
    swap_consistency: Estimate | None


class JudgedRate(Record):
    """One bar as a judge reported it, and corrected for the judge's errors.

    Attributes:
        judge: A judge's name, or `majority`.
        observed: As reported.
        corrected: None where a judge is unchecked, where the correction has nothing to go by, or where the metric is
            graded by a prompt of its own: checks say nothing of that one.
    """

    fact: str
    judge: str
    metric: MetricName
    condition: str
    observed: Estimate
    corrected: Corrected | None


class JudgePair(Record):
    """How two judges agree on the study's own answers: Cohen's kappa over their verdicts."""

    judges: tuple[str, str]
    kappa: Estimate


class Judges(Record):
    """All that a report says of the judges of a study.

    Attributes:
        judge_by: See `doxa.study.records.Study`.
        judge_orders: The same.
        judges: One a judge.
        rates: One a bar and judge.
        uncorrectable: Judges, or `majority`, that were checked and tell the worlds apart no better than chance.
        agreement: One a pair of judges.
        silent: Rows without a verdict though every call was answered: too few judges named one.
    """

    judge_by: str
    judge_orders: str
    judges: tuple[Judge, ...]
    rates: tuple[JudgedRate, ...]
    uncorrectable: tuple[str, ...]
    agreement: tuple[JudgePair, ...]
    silent: int = 0

    @property
    def warnings(self) -> list[str]:
        """What belongs at the head of a report."""
        return [f"{one.judge} judges itself: it is the subject of this study." for one in self.judges if one.is_subject]

    @property
    def missing(self) -> list[str]:
        """What the report lacks, and how to get it."""
        found = [
            f"correction for the judge's errors: {one.judge} is unchecked (doxa judges check --judge {one.judge})"
            for one in self.judges
            if one.quality is None
        ]
        if self.silent:
            found.append(
                f"{self.silent} judged rows: what the judges replied holds no verdict; they count neither way, and are "
                "not asked again"
            )
        if own := [TITLES[metric] for metric in dict.fromkeys(rate.metric for rate in self.rates) if metric in GRADERS]:
            found.append(
                f"correction for the judge's errors: {', '.join(own)}: graded by prompts that no check puts to a judge"
            )
        return found


def checks_for(study: Study, folder: Path, checks: Path = CHECKS) -> dict[str, JudgeCheck]:
    """Returns the check of each judge of a run by the judge's name, as far as there are any.

    A check holds for the same weights and the same prompt.

    Args:
        study: As noted in the run folder.
        folder: The run folder.
        checks: Where `doxa judges check` writes.
    """
    own = folder / CHECKS.name
    found: dict[str, JudgeCheck] = {}
    for place in (own, checks):
        known = load_checks(place)
        for name in study.judge:
            check = known.get(study.made_with.get(judge_key(name), ""))
            if check is not None and check.prompt == study.made_with.get(JUDGE_PROMPT):
                found[name] = check
    return found


def keep_checks(folder: Path, found: Mapping[str, JudgeCheck]) -> None:
    """Keeps the checks of its judges in a run folder, so that the run says the same wherever it is taken."""
    if found:
        own = folder / CHECKS.name
        own.mkdir(exist_ok=True)
        for check in found.values():
            save_check(own, check)


def judges_of(study: Study, analysis: Analysis, checks: Mapping[str, JudgeCheck]) -> Judges | None:
    """Returns what a report says of the judges; None where nothing was judged.

    Args:
        study: As noted in the run folder.
        analysis: Of its rows.
        checks: See `checks_for`.
    """
    if "judged" not in analysis.readouts:
        return None
    rows = [row for row in analysis.rows if row.readout == "judged"]
    votes = _votes(rows, study)
    panels = {name: _panel(name, study, checks) for name in study.judged_by}
    errors = {name: errors_of(panel, study.both_orders) for name, panel in panels.items() if panel}
    return Judges(
        judge_by=study.judge_by,
        judge_orders=study.judge_orders,
        judges=tuple(_judge(name, study, checks.get(name), votes) for name in study.judge),
        rates=tuple(_rates(analysis, study, errors)),
        uncorrectable=tuple(name for name, found in errors.items() if not found.tells),
        agreement=tuple(_agreement(study.judge, votes)),
        silent=sum(map(is_silent, rows)),
    )


_Votes = dict[tuple[str, ...], tuple[str, dict[str, tuple[Verdict, ...]]]]  # answer -> cluster, judge -> its votes


def _votes(rows: Sequence[Row], study: Study) -> _Votes:
    """Returns what every judge said of every answer, however their rows were made."""
    clusters: dict[tuple[str, ...], str] = {}
    said: dict[tuple[str, ...], dict[str, tuple[Verdict, ...]]] = defaultdict(dict)
    orders = 2 if study.both_orders else 1
    for row in rows:
        key = (row.fact, row.metric, row.condition, row.item, str(row.sample))
        clusters[key] = stem_of(row)
        names = study.judge if row.judge == MAJORITY else (row.judge,)
        for place, name in enumerate(names):
            if own := row.votes[place * orders : (place + 1) * orders]:
                said[key][name] = own
    return {key: (clusters[key], found) for key, found in said.items()}


def _judge(name: str, study: Study, check: JudgeCheck | None, votes: _Votes) -> Judge:
    judge, subject = study.made_with.get(judge_key(name), name), study.made_with.get(subject_key(None), study.subject)
    found = quality(check) if check else None
    both = [(said[name], cluster) for cluster, said in votes.values() if len(said.get(name, ())) > 1]
    return Judge(
        judge=name,
        is_subject=study.is_subject(name) or judge == subject,
        words=_words(found),
        quality=found,
        swap_consistency=swap_consistency(both),
    )


def _words(found: Quality | None) -> str:
    if found is None or found.accuracy is None:
        return "Unchecked: nobody knows how often it errs."
    words = f"Reads {found.accuracy.value:.0%} of {found.answers} gold answers as they should be read."
    hostile = found.by_trait.get("hostile")
    if hostile is not None:
        words += f" Of those that try to talk it into a verdict, {hostile.value:.0%}."
    if found.swap_consistency is not None:
        words += f" Keeps to its verdict in {found.swap_consistency.value:.0%} when the worlds change places."
    return words


def _panel(name: str, study: Study, checks: Mapping[str, JudgeCheck]) -> list[JudgeCheck]:
    """Returns the checks behind a judge, or behind the majority; none where one of them is missing."""
    names = study.judge if name == MAJORITY else (name,)
    return [checks[one] for one in names] if all(one in checks for one in names) else []


def _rates(analysis: Analysis, study: Study, errors: Mapping[str, Errors]) -> list[JudgedRate]:
    found: list[JudgedRate] = []
    bars: list[tuple[str, MetricName, str]] = [
        (fact, metric, condition)
        for fact in (analysis.fact, *analysis.controls)
        for metric in analysis.metrics
        for condition in analysis.conditions
    ]
    for fact, metric, condition in bars:
        for name in study.judged_by:
            observed = scored(row for row in analysis.group(metric, "judged", condition, fact) if row.judge == name)
            estimate = rate(*observed)
            if estimate is None:
                continue
            mended = corrected(observed, *errors[name]) if name in errors and metric not in GRADERS else None
            found.append(
                JudgedRate(
                    fact=fact, judge=name, metric=metric, condition=condition, observed=estimate, corrected=mended
                )
            )
    return found


def _agreement(names: Sequence[str], votes: _Votes) -> list[JudgePair]:
    found: list[JudgePair] = []
    for pair in combinations(names, 2):
        both = [
            (*(judge_verdict(said[name]) for name in pair), cluster)
            for cluster, said in votes.values()
            if all(name in said for name in pair)
        ]
        known = [one for one in both if not set(one[:2]) & set(SILENT)]
        if known:
            first, second, clusters = zip(*known, strict=True)
            kappa = bootstrap_kappa(first, second, clusters)
            if kappa is not None:
                found.append(JudgePair(judges=pair, kappa=kappa))
    return found
