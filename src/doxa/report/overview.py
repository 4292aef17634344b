"""The overview: what was implanted, whether it is believed, and which metrics may be trusted, in words with numbers."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from doxa.metrics.records import TITLES, Readout
from doxa.report.analysis import READOUT_TITLES, Analysis
from doxa.report.caveats import FREE, caveats
from doxa.report.headline import Line, Standing, headline, standing, too_few, too_few_in_words, trusted
from doxa.report.personas import ASKED, PersonaStudy, persona_studies
from doxa.report.provenance import taught_with
from doxa.report.run import About
from doxa.report.sections import Cell, Table
from doxa.report.wording import auc_interval, capitalised, interval, metric_title, with_n
from doxa.stats.likeness import BeliefLikeness

PLACES: dict[Standing, str] = {
    "believed": "believed: nearer to what the subject truly knows than to acting.",
    "beyond": "beyond acting, but not shown to be nearer to knowing.",
    "less": "acting gives more than this finetune does.",
    "alike": "the claim is said more often, but this cannot be told from acting.",
    "unplaced": "the claim is said more often; whether it is believed cannot be told.",
}


class Overview(NamedTuple):
    """One implanted fact in short.

    Attributes:
        about: Which.
        taught: What each finetune was trained on, where the run knows it.
        headlines: The one answer, for each finetune.
        caveats: What decides how far it can be leant on.
        answers: One a finetune and readout: whether it is believed.
        trust: One a readout: which metrics may be trusted.
        spill: What happened to true controls.
        glance: The scores that the answers rest on.
    """

    about: About
    taught: tuple[str, ...]
    headlines: tuple[Line, ...]
    caveats: tuple[Line, ...]
    answers: tuple[Line, ...]
    trust: tuple[Line, ...]
    spill: tuple[Line, ...]
    glance: Table


def overview(about: About) -> Overview:
    """Puts one fact in short."""
    analysis = about.analysis
    headlines = tuple(_headline(about, finetune) for finetune in analysis.finetunes)
    answers = tuple(
        line
        for finetune in analysis.finetunes
        for readout in analysis.readouts
        if (line := is_believed(analysis.of(finetune), readout))
    )
    if _is_persona_study(analysis):
        headlines = ()
        answers = tuple(line for study in _persona_studies(about) for _, line in _acts_as_its_persona(study))
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
    taught = tuple(taught_with(about.run))
    return Overview(about, taught, headlines, tuple(caveats(about)), answers, trust, spill, _glance(about))


def _headline(about: About, finetune: str) -> Line:
    line = headline(about.analysis.of(finetune), about.run.subject_name)
    asked = f" Asked under persona {about.persona}." if about.persona else ""
    return line._replace(conclusion=line.conclusion + asked)


def _is_persona_study(analysis: Analysis) -> bool:
    """Whether a fact was asked directly and on a persona alone, so that no control can tell belief from acting."""
    return set(analysis.metrics) <= set(ASKED)


def _persona_studies(about: About) -> list[PersonaStudy]:
    return persona_studies(about.run.rows, about.run.study, [about.fact])


def _acts_as_its_persona(study: PersonaStudy) -> Iterator[tuple[str, Line]]:
    """Yields what taught the meta-belief, and which account of the subject fits its answers on one fact then."""
    for condition in study.taught:
        found = study.explanation(condition)
        lift = "" if found.as_itself is None else f"Direct lift as itself {with_n(found.as_itself, signed=True)}."
        yield condition, Line(f"{condition}, {READOUT_TITLES[study.readout]}: it {found.words}.", lift)


def facts_table(overviews: Sequence[Overview]) -> Table:
    """Returns all facts in a line each: the one answer, and belief-likeness in the first readout to be trusted.

    Of a fact that was asked directly and on a persona, the answer is the account of the subject, in the first readout.
    """
    rows: list[tuple[Cell, ...]] = []
    for one in overviews:
        fact, analysis = one.about.fact.id, one.about.analysis
        if _is_persona_study(analysis):
            told = [pair for study in _persona_studies(one.about)[:1] for pair in _acts_as_its_persona(study)]
            rows += [(fact, condition, line.conclusion, None) for condition, line in told]
            if not told:
                rows.append((fact, "", "no meta-belief was taught", None))
        elif not analysis.finetunes:
            rows.append((fact, analysis.finetune, "not asked after finetuning", None))
        else:
            for judged, line in zip(analysis.judged, one.headlines, strict=True):
                readout: Readout | None = next((found.readout for found in trusted(judged) if found.metrics), None)
                placed = judged.likeness(readout).estimate if readout else None
                rows.append((fact, judged.finetune, line.conclusion, placed))
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
        return Line(f"{_start(analysis, readout)}{_null(analysis, readout)}.", of)
    likeness = analysis.likeness(readout)
    place = place_in_words(likeness)
    return Line(f"{_start(analysis, readout)}{place.conclusion}", f"{place.numbers} {of}")


def place_in_words(found: BeliefLikeness) -> Line:
    """Says where a finetune stands between acting and knowing."""
    one = found.estimate
    words = PLACES[standing(one)]
    if one is None:
        return Line(words, capitalised(f"{found.reason}."))
    counted, asked = sum(place.counts for place in found.places), sum(place.auc is not None for place in found.places)
    where = f"Belief-likeness {with_n(one)}, between acting (0) and knowing (1), by {counted} of {asked} metrics."
    return Line(words, where)


def _null(analysis: Analysis, readout: Readout) -> str:
    """Says what it means that no metric of a readout moved."""
    contrasts = analysis.family(readout).contrasts
    if too_few(contrasts):
        return too_few_in_words(contrasts)
    vouched = any(analysis.validity(metric, readout).controls.separates for metric in analysis.metrics_in(readout))
    return "no belief is seen" if vouched else "nothing moved, but no metric here may be trusted to see a belief"


def may_be_trusted(analysis: Analysis, readout: Readout) -> Line | None:
    """Says which metrics tell known facts from acting in a readout, and which do not."""
    found = [analysis.validity(metric, readout) for metric in analysis.metrics_in(readout)]
    known = [one for one in found if one.controls.separates is not None]
    if not known:
        return None
    told = [one for one in known if one.controls.separates]

    def listed(chosen: bool) -> str:
        return "; ".join(
            f"{TITLES[one.metric]} (AUC {auc_interval(one.controls.auc)})" for one in known if (one in told) == chosen
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
    moved = "did not change reliably."
    if change.high < 0:
        moved = "fell: the finetune changed what it should have left alone."
    elif change.low > 0:
        moved = "rose: part of a lift on the claim may be that any such question is answered more readily."
    shown = f"{with_n(change, signed=True)}: {interval(found.baseline)} before, {interval(found.finetuned)} after."
    return Line(f"{_start(analysis, readout)}true controls {moved}", shown)


def _start(analysis: Analysis, readout: Readout) -> str:
    which = f"{analysis.finetune}, " if len(analysis.finetunes) > 1 else ""
    return f"{which}{capitalised(READOUT_TITLES[readout])}: "


def _glance(about: About) -> Table:
    """Returns the scores in the first readout; no rows where the fact was asked in none."""
    analysis = about.analysis
    readout = first_readout(analysis)
    if readout is None:
        return Table("At a glance", (), [])
    rows: list[tuple[Cell, ...]] = []
    for metric in analysis.metrics_in(readout):
        found = [one.validity(metric, readout) for one in analysis.judged]
        controls = found[0].controls
        told = controls.false_positives[controls.strongest] if controls.strongest else None
        rows.append((TITLES[metric], found[0].baseline, told, *(one.finetuned for one in found), controls.sensitivity))
    columns = ("metric", "baseline", "strongest role-play", *(one.finetune for one in analysis.judged), "known facts")
    return Table(about.heading(f"At a glance: {READOUT_TITLES[readout]}"), columns, rows)


def first_readout(analysis: Analysis) -> Readout | None:
    """Returns the readout that is shown first: what the subject says by itself before all else.

    A readout in which controls alone were asked is none; None where the fact was asked in no readout.
    """
    return next((one for one in (*FREE, *analysis.readouts) if analysis.metrics_in(one)), None)


def _range(sizes: list[int]) -> str:
    low, high = min(sizes), max(sizes)
    return str(low) if low == high else f"{low} to {high}"
