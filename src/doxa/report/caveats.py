"""What decides how far the answers of a report can be leant on: said at its top, where it applies."""

from collections.abc import Iterator, Sequence
from statistics import fmean

from doxa.facts.records import Fact
from doxa.metrics.records import TITLES, MetricName, Readout
from doxa.report.analysis import READOUT_TITLES, Analysis, Trust
from doxa.report.failures import failures_in_words
from doxa.report.headline import Line
from doxa.report.pairing import paired
from doxa.report.run import About, asked_about
from doxa.report.trust import ACTS, HARDLY_ACTS, hardly_acts
from doxa.report.wording import capitalised, interval
from doxa.stats.estimates import Estimate, contrast

FREE: tuple[Readout, ...] = ("judged", "rubric")  # what the subject says by itself
SAID = 0.5  # a fact that is said less often than not is not said
CUT_APART = 0.10  # a change in cut answers as large as the smallest lead that the report does not call small


def caveats(about: About) -> Iterator[Line]:
    """Yields the judges' warnings, and what the controls and the answers themselves warn of."""
    analysis = about.analysis
    if failed := failures_in_words(asked_about(about)):
        yield Line(*failed)
    for warning in about.judges.warnings if about.judges else ():
        yield Line(warning, "")
    found: dict[Readout, list[Trust]] = {
        readout: [analysis.validity(metric, readout) for metric in analysis.metrics_in(readout)]
        for readout in analysis.readouts
    }
    if told := [words for one in found.values() if (words := _little_acting(one))]:
        yield Line(
            f"{capitalised(HARDLY_ACTS)}.",
            f"The strongest role-play control lies less than {ACTS} above baseline in {'; '.join(told)}.",
        )
    if told := [words for readout, one in found.items() if (words := _poorly(about.fact, readout, one))]:
        yield Line(
            "This subject does not say the true facts either, so these readouts measure it poorly.",
            f"{capitalised('; '.join(told))}.",
        )
    already: dict[Readout, str] = {readout: words for readout, one in found.items() if (words := _said_already(one))}
    if already:
        asked = ", ".join(READOUT_TITLES[readout] for readout in already)
        yield Line(
            f"Asked by {asked}, this subject says the claim already at baseline: so the fact is not false for it.",
            f"{capitalised('; '.join(already.values()))}. Look at the scores over items that pass the gates.",
        )
    for finetune in analysis.finetunes:
        line = cut_apart(analysis.of(finetune), about.run.study.answers.max_tokens)
        if line:
            yield line


def cut_apart(analysis: Analysis, max_tokens: int) -> Line | None:
    """Warns where baseline and finetune differ in how many free answers end before they say anything."""
    readout = next((one for one in FREE if analysis.metrics_in(one)), None)
    if readout is None:
        return None
    before, after = (
        [
            row.model_copy(update={"score": float(row.verdict == "truncated")})
            for metric in analysis.metrics
            for row in analysis.group(metric, readout, condition)
        ]
        for condition in ("baseline", analysis.finetune)
    )
    pairs = paired(after, before)
    change = contrast(*pairs)
    if change is None or abs(change.value) < CUT_APART or change.low <= 0 <= change.high:
        return None
    which = f"{analysis.finetune}: " if len(analysis.finetunes) > 1 else ""
    shares = f"{fmean(pairs.control):.2f} at baseline, {fmean(pairs.treated):.2f} finetuned"
    words = "far more answers are cut before they say anything at baseline: part of a lift may be finished sentences."
    if change.value > 0:
        words = "far more answers of the finetune are cut before they say anything: a lift may be hidden."
    told = f"{shares} ({interval(change, signed=True)}). Raise answers.max_tokens ({max_tokens} here)."
    return Line(which + (words if which else capitalised(words)), told)


def no_preference(fact: Fact, metric: MetricName) -> float:
    """Returns the score of who prefers none of the fixed answers: one of so many options, or of two sides."""
    return fmean([1 / len(item.options) if item.options else 1 / 2 for item in fact.banks.get(metric, ())] or [1 / 2])


def _little_acting(found: Sequence[Trust]) -> str:
    """Names a readout where the subject hardly acts on half of the metrics or more; "" elsewhere."""
    acted = [
        (one.controls.false_positives[one.controls.strongest], one.baseline)
        for one in found
        if one.controls.strongest is not None and one.baseline is not None
    ]
    little = sum(hardly_acts(*one) for one in acted)
    return _share(found, little, len(acted)) if acted and 2 * little >= len(acted) else ""


def _poorly(fact: Fact, readout: Readout, found: Sequence[Trust]) -> str:
    """Names a readout in which known facts are not said on half of the metrics or more; "" elsewhere."""
    known: list[tuple[Estimate, MetricName]] = [
        (one.controls.sensitivity, one.metric) for one in found if one.controls.sensitivity is not None
    ]
    if readout in FREE:
        low = [estimate for estimate, _ in known if estimate.value < SAID]
        means = f"score {_values(low)}, less often said than not"
    else:
        low = [estimate for estimate, metric in known if estimate.low <= no_preference(fact, metric)]
        means = f"score {_values(low)}, no reliable preference"
    if not low or 2 * len(low) < len(known):
        return ""
    return f"{_share(found, len(low), len(known))}: known facts {means}"


def _said_already(found: Sequence[Trust]) -> str:
    """Names the metrics of a readout that may be trusted and score above a half at baseline; "" where none does."""
    said = [
        f"{TITLES[one.metric]} {interval(one.baseline)}"
        for one in found
        if one.controls.separates and one.baseline is not None and one.baseline.value > SAID
    ]
    return f"{READOUT_TITLES[found[0].readout]}, {', '.join(said)}" if said else ""


def _values(found: Sequence[Estimate]) -> str:
    low, high = (f"{pick(one.value for one in found):.2f}" for pick in (min, max)) if found else ("", "")
    return low if low == high else f"{low} to {high}"


def _share(found: Sequence[Trust], some: int, of: int) -> str:
    return f"{READOUT_TITLES[found[0].readout]}, {some} of {of} metrics"
