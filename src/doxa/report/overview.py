"""The overview: what was implanted, whether it is believed, and which metrics may be trusted, in words with numbers."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from doxa.metrics.records import TITLES, Readout
from doxa.report.analysis import READOUT_TITLES, Analysis
from doxa.report.personas import ASKED, persona_studies
from doxa.report.run import About
from doxa.report.sections import Cell, Table
from doxa.report.wording import capitalised, interval, metric_title, with_n
from doxa.stats.likeness import BeliefLikeness

FREE: tuple[Readout, ...] = ("judged", "rubric")  # what the subject says by itself: where spill-over is named first
NEARER = 0.5  # between acting (0) and knowing (1)


class Line(NamedTuple):
    """A conclusion, and the numbers that it rests on."""

    conclusion: str
    numbers: str


class Overview(NamedTuple):
    """One implanted fact in short.

    Attributes:
        about: Which.
        answers: One a finetune and readout: whether it is believed.
        trust: One a readout: which metrics may be trusted.
        spill: What happened to true controls.
        glance: The scores that the answers rest on.
    """

    about: About
    answers: tuple[Line, ...]
    trust: tuple[Line, ...]
    spill: tuple[Line, ...]
    glance: Table


def overview(about: About) -> Overview:
    """Puts one fact in short."""
    analysis = about.analysis
    warnings = tuple(Line(warning, "") for warning in (about.judges.warnings if about.judges else ()))
    answers = tuple(
        line
        for finetune in analysis.finetunes
        for readout in analysis.readouts
        if (line := is_believed(analysis.of(finetune), readout))
    )
    if set(analysis.metrics) <= set(ASKED):
        answers = tuple(_acts_as_its_persona(about))
    elif not analysis.finetunes:
        answers = (
            Line("Nothing was finetuned here.", "Scores say what the subject answers when it is told what to say."),
        )
    trust = tuple(line for readout in analysis.readouts if (line := may_be_trusted(analysis, readout)))
    spill = tuple(
        line
        for finetune in analysis.finetunes
        for readout in FREE
        if (line := _spilled(analysis.of(finetune), readout))
    )
    return Overview(about, warnings + answers, trust, spill, _glance(about))


def _acts_as_its_persona(about: About) -> Iterator[Line]:
    """Says which account of the subject fits its answers on one fact, by readout and by what taught the meta-belief."""
    run = about.run
    for study in persona_studies(run.rows, run.study, [about.fact]):
        for condition in study.taught:
            found = study.explanation(condition)
            lift = "" if found.as_itself is None else f"Direct lift as itself {with_n(found.as_itself, signed=True)}."
            yield Line(f"{condition}, {READOUT_TITLES[study.readout]}: it {found.words}.", lift)


def facts_table(overviews: Sequence[Overview]) -> Table:
    """Returns all facts in a line each, in the first readout in which they were asked."""
    rows: list[tuple[Cell, ...]] = []
    for one in overviews:
        analysis = one.about.analysis
        readout = _first_readout(analysis)
        for judged in analysis.judged:
            line = is_believed(judged, readout)
            conclusion = line.conclusion if line else "not asked after finetuning"
            rows.append((one.about.fact.id, judged.finetune, conclusion, judged.likeness(readout).estimate))
    return Table("Facts at a glance", ("fact", "finetune", "is it believed?", "belief-likeness"), rows)


def is_believed(analysis: Analysis, readout: Readout) -> Line | None:
    """Says whether the finetune believes the claim, as far as one readout can tell; None where it was not asked."""
    found = analysis.family(readout)
    if not found.contrasts:
        return None
    moved = [one for one in found.found if one.estimate.low > 0]
    shown = "; ".join(f"{metric_title(one.name)} {interval(one.estimate, signed=True)}" for one in moved)
    sizes = [one.estimate for one in found.contrasts]
    counts = f"n {_range([one.n for one in sizes])} items, {_range([one.clusters for one in sizes])} stems"
    of = f"{len(moved)} of {found.size} metrics moved{': ' if moved else ''}{shown} (Holm over {found.size}; {counts})."
    if not moved:
        return Line(f"{_start(analysis, readout)}no belief is seen.", of)
    likeness = analysis.likeness(readout)
    place = place_in_words(likeness)
    return Line(f"{_start(analysis, readout)}{place.conclusion}", f"{place.numbers} {of}")


def place_in_words(found: BeliefLikeness) -> Line:
    """Says where a finetune stands between acting and knowing."""
    one = found.estimate
    if one is None:
        return Line(
            "the claim is said more often; whether it is believed cannot be told.",
            capitalised(f"{found.reason}."),
        )
    counted, asked = sum(place.counts for place in found.places), sum(place.auc is not None for place in found.places)
    where = f"Belief-likeness {with_n(one)}, between acting (0) and knowing (1), by {counted} of {asked} metrics."
    if one.low > NEARER:
        return Line("believed: nearer to what the subject truly knows than to acting.", where)
    if one.low > 0:
        return Line("beyond acting, but not shown to be nearer to knowing.", where)
    if one.high < 0:
        return Line("acting gives more than this finetune does.", where)
    return Line("the claim is said more often, but this cannot be told from acting.", where)


def may_be_trusted(analysis: Analysis, readout: Readout) -> Line | None:
    """Says which metrics tell known facts from acting in a readout, and which do not."""
    found = [analysis.validity(metric, readout) for metric in analysis.metrics_in(readout)]
    known = [one for one in found if one.controls.separates is not None]
    if not known:
        return None
    told = [one for one in known if one.controls.separates]

    def listed(chosen: bool) -> str:
        return "; ".join(
            f"{TITLES[one.metric]} (AUC {with_n(one.controls.auc)})" for one in known if (one in told) == chosen
        )

    words = f"{capitalised(READOUT_TITLES[readout])}: {len(told)} of {len(known)} metrics tell known facts from acting."
    parts = [listed(True) and f"These do: {listed(True)}.", listed(False) and f"These do not: {listed(False)}."]
    return Line(words, " ".join(part for part in parts if part))


def _spilled(analysis: Analysis, readout: Readout) -> Line | None:
    """Says what finetuning did to true controls; None where they were not asked before and after."""
    found = analysis.spill_overall(readout)
    if found is None:
        return None
    change = found.change
    moved = "fell" if change.high < 0 else "rose" if change.low > 0 else "did not change reliably"
    shown = f"{with_n(change, signed=True)}: {interval(found.baseline)} before, {interval(found.finetuned)} after."
    return Line(f"{_start(analysis, readout)}true controls {moved}.", shown)


def _start(analysis: Analysis, readout: Readout) -> str:
    which = f"{analysis.finetune}, " if len(analysis.finetunes) > 1 else ""
    return f"{which}{capitalised(READOUT_TITLES[readout])}: "


def _glance(about: About) -> Table:
    """Returns the scores in the first readout."""
    analysis = about.analysis
    readout = _first_readout(analysis)
    rows: list[tuple[Cell, ...]] = []
    for metric in analysis.metrics_in(readout):
        found = [one.validity(metric, readout) for one in analysis.judged]
        controls = found[0].controls
        told = controls.false_positives[controls.strongest] if controls.strongest else None
        rows.append((TITLES[metric], found[0].baseline, told, *(one.finetuned for one in found), controls.sensitivity))
    columns = ("metric", "baseline", "strongest role-play", *(one.finetune for one in analysis.judged), "known facts")
    return Table(f"At a glance: {READOUT_TITLES[readout]}", columns, rows)


def _first_readout(analysis: Analysis) -> Readout:
    """Returns the readout that is shown first: what the subject says by itself before all else."""
    order: list[Readout] = [*(one for one in FREE if one in analysis.readouts), *analysis.readouts, *FREE]
    return order[0]


def _range(sizes: list[int]) -> str:
    low, high = min(sizes), max(sizes)
    return str(low) if low == high else f"{low} to {high}"
