"""The sections on one implanted fact: bars, contrasts, validity, belief-likeness, plans, coherence, spill-over."""

from doxa.conditions.records import Named
from doxa.facts.loading import OPTIONAL_BANKS
from doxa.metrics.records import TITLES, Readout
from doxa.models.naming import is_hosted
from doxa.report.analysis import READOUT_TITLES, Analysis
from doxa.report.coherence import coherences
from doxa.report.figures import Mark, bars, intervals, kind_of
from doxa.report.outcomes import Outcome, outcomes
from doxa.report.run import About
from doxa.report.sections import Cell, Figure, Section, Table
from doxa.report.wording import capitalised, metric_title
from doxa.stats.families import Adjusted
from doxa.study.planning import FREE, can_be_read
from doxa.study.records import UNREADABLE


def metrics_section(about: About) -> Section:
    """Shows every metric under every condition, a figure a readout."""
    analysis = about.analysis
    words = (
        "Each bar is the mean belief in the claim with its 95 % interval, which knows which items share a stem. "
        "Conditions drawn hollow only tell the subject what to say: they are controls, not ways to believe.",
    )
    readouts: list[Readout] = [readout for readout in analysis.readouts if analysis.metrics_in(readout)]
    figures = tuple(
        scores_figure(analysis, readout)._replace(folded=place > 0 and nothing_moved(analysis, readout))
        for place, readout in enumerate(readouts)
    )
    return Section("metrics", "Metrics and conditions", words, figures)


def nothing_moved(analysis: Analysis, readout: Readout) -> bool:
    """Whether something was finetuned and no metric of a readout moved by it, p values adjusted."""
    return bool(analysis.finetunes) and not any(one.family(readout).found for one in analysis.judged)


def scores_figure(analysis: Analysis, readout: Readout) -> Figure:
    """Draws one readout: a panel a metric, a bar a condition."""
    name = READOUT_TITLES[readout]
    panels: list[str] = []
    rows: list[tuple[Cell, ...]] = []
    for metric in analysis.metrics_in(readout):
        found = [score for one in analysis.conditions if (score := analysis.score(metric, readout, one))]
        panels.append(
            bars(TITLES[metric], [Mark(one.condition, one.estimate, kind_of(one.condition)) for one in found])
        )
        for one in found:
            verdicts = ", ".join(f"{verdict} {count}" for verdict, count in one.verdicts.most_common())
            rows.append((TITLES[metric], one.condition, one.estimate, verdicts))
    table = Table(f"Scores, {name}", ("metric", "condition", "score", "verdicts"), rows)
    return Figure(capitalised(name), tuple(panels), table)


def contrasts_section(about: About) -> Section | None:
    """Shows what finetuning changed on the same items, a figure a finetune."""
    analysis = about.analysis
    figures = tuple(
        figure for finetune in analysis.finetunes if (figure := _contrasts(analysis.of(finetune))) is not None
    )
    if not figures:
        return None
    words = (
        "The same items before and after, paired. Right of the line is more belief in the claim. A hollow point does "
        "not hold when p values are adjusted for the number of metrics in a readout (Holm 1979); intervals are not "
        "adjusted. This is one training seed: what another would give is unknown.",
    )
    return Section("contrasts", "What finetuning changed", words, figures)


def _contrasts(analysis: Analysis) -> Figure | None:
    panels: list[str] = []
    rows: list[tuple[Cell, ...]] = []
    for readout in analysis.readouts:
        found = analysis.family(readout).contrasts
        if found:
            panels.append(intervals(READOUT_TITLES[readout], [_changed(one) for one in found]))
            rows += [
                (READOUT_TITLES[readout], metric_title(one.name), one.estimate, one.p, one.adjusted) for one in found
            ]
    if not panels:
        return None
    columns = ("readout", "metric", "change", "p", "p (Holm)")
    title = f"{analysis.finetune} minus baseline"
    return Figure(capitalised(title), tuple(panels), Table(title, columns, rows, signed=("change",)))


def _changed(one: Adjusted) -> Mark:
    return Mark(metric_title(one.name), one.estimate, "finetuned", solid=one.adjusted < 0.05)


def validity_section(about: About) -> Section | None:
    """Says which metric may be trusted: a table a finetune, or one where nothing was finetuned."""
    analysis = about.analysis
    if not _has_controls(analysis):
        return None
    tables = [table for one in analysis.judged if (table := _validity(one)).rows]
    if not tables:
        return None
    words = (
        "A metric is worth what its role-play controls say. Known facts are facts that the subject was never taught "
        "here, asked in the same way with the true claim in the implanted slot. An AUC of 0.5 tells the two no better "
        "than chance.",
    )
    return Section("validity", "Which metric may be trusted", words, tuple(tables))


def _validity(analysis: Analysis) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for found in analysis.trusts():
        controls = found.controls
        strongest = controls.strongest
        rows.append(
            (
                TITLES[found.metric] + (f", {found.stress}" if found.stress else ""),
                READOUT_TITLES[found.readout],
                found.words,
                found.baseline,
                found.finetuned,
                strongest and Named.of(strongest).intervention,
                controls.false_positives[strongest] if strongest else None,
                controls.sensitivity,
                controls.auc,
                found.finetuned_auc,
            )
        )
    title = "Validity" if len(analysis.finetunes) < 2 else f"Validity, {analysis.finetune}"
    columns = ("metric", "readout", "in words", "baseline", analysis.finetune, "strongest role-play", "its score",
               "known facts", "AUC, known against role-play", "AUC, finetune against role-play")  # fmt: skip
    return Table(title, columns, rows, below="in words")


def _has_controls(analysis: Analysis) -> bool:
    """Whether anything was asked that a metric can be judged by: role-play, or facts that the subject knows."""
    return bool(analysis.known) or any(Named.of(condition).is_role_play for condition in analysis.conditions)


def likeness_section(about: About) -> Section | None:
    """Places each finetune between acting and knowing; None where nothing was asked that would tell."""
    analysis = about.analysis
    if not _has_controls(analysis):
        return None
    summary: list[tuple[Cell, ...]] = []
    places: list[tuple[Cell, ...]] = []
    for finetune in analysis.finetunes:
        for readout in analysis.readouts:
            found = analysis.of(finetune).likeness(readout)
            counted = sum(place.counts for place in found.places)
            of = f"{counted} of {len(found.places)}"
            summary.append((finetune, READOUT_TITLES[readout], found.estimate, of, found.reason or ""))
            places += [
                (
                    finetune,
                    READOUT_TITLES[readout],
                    metric_title(place.metric),
                    place.position if place.counts else None,
                    place.auc,
                    _yes(place.counts),
                )
                for place in found.places
            ]
    if not summary:
        return None
    words = (
        "Where the finetune stands between its strongest role-play control (0) and the facts that the subject truly "
        "knows (1), over the metrics that tell those two apart. Below 0 is less than acting gives, above 1 more than "
        "knowing.",
    )
    columns = ("finetune", "readout", "belief-likeness", "metrics that count", "if none, why")
    own = ("finetune", "readout", "metric", "position (point)", "AUC, known against role-play", "counts")
    tables = (Table("Belief-likeness", columns, summary), Table("Belief-likeness by metric", own, places))
    return Section("likeness", "Between acting and knowing", words, tables)


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def harm_section(about: About) -> Section | None:
    """Shows what is done with plans that rest on the claim."""
    found = outcomes(about.analysis, about.fact)
    if not found:
        return None
    words = (
        "Harm Conflict: the user plans something, and if the claim is false the plan is harmless, costly or harmful. "
        "The answer acts on the claim, corrects it, or declines. A refusal is no disbelief; what the three leave over "
        "went unread.",
    )
    panels = tuple(
        bars(f"acts on it, {one}", [Mark(f"{o.condition}, {o.stakes}", o.acts, kind_of(o.condition)) for o in part])
        for one, part in _by_readout(found).items()
    )
    rows = [(READOUT_TITLES[o.readout], o.condition, o.stakes, o.acts, o.corrects, o.refuses) for o in found]
    columns = ("readout", "condition", "stakes", "acts on it", "corrects it", "refuses")
    figure = Figure("Acts on a plan that rests on the claim", panels, Table("Harm Conflict", columns, rows))
    return Section("harm", "A plan that rests on the claim", words, (figure,))


def _by_readout(found: list[Outcome]) -> dict[str, list[Outcome]]:
    readouts: list[Readout] = list(dict.fromkeys(one.readout for one in found))
    return {READOUT_TITLES[readout]: [one for one in found if one.readout == readout] for readout in readouts}


def coherence_section(about: About) -> Section | None:
    """Shows how far answers to a statement, its negation and its consequence fit together; None without the bank."""
    found = coherences(about.analysis, about.fact)
    if not found:
        return None
    words = (
        "The same content asked as a statement, as its negation, and as what follows from it. Excess is the mean of "
        "P(X) + P(not X) - 1: a coherent model has 0, one that says yes to everything more.",
    )
    rows: list[tuple[Cell, ...]] = [
        (READOUT_TITLES[one.readout], one.condition, one.excess, one.affirms_both, one.denies_both, one.follows)
        for one in found
    ]
    columns = ("readout", "condition", "excess", "affirms both", "denies both", "accepts what follows")
    return Section(
        "coherence", "Do the answers fit together?", words, (Table("Coherence", columns, rows, ("excess",)),)
    )


def spill_section(about: About) -> Section | None:
    """Shows what finetuning did to facts that should not change."""
    analysis = about.analysis
    rows: list[tuple[Cell, ...]] = [
        (finetune, spill.fact, READOUT_TITLES[spill.readout], spill.baseline, spill.finetuned, spill.change)
        for finetune in analysis.finetunes
        for readout in analysis.readouts
        for spill in analysis.of(finetune).spills(readout)
    ]
    if not rows:
        return None
    words = (
        "Facts that should not change. A fall means that the finetune changed what it should have left alone. A rise "
        "means that it says whatever fills the claim's place more readily, taught or not; part of a lift may be just "
        "that.",
    )
    columns = ("finetune", "fact", "readout", "baseline", "finetuned", "change")
    table = Table("True controls", columns, rows, signed=("change",))
    return Section("spill", "Spill-over on true controls", words, (table,))


def missing(about: About) -> list[str]:
    """Says which readouts and metrics were not asked, and why."""
    study, fact = about.run.study, about.fact
    found = [
        f"{TITLES[metric]}: '{fact.id}' has no bank for it"
        for metric in study.metrics
        if metric not in fact.banks and metric not in OPTIONAL_BANKS
    ]
    if not study.judge:
        found.append("judged readout: no judge is configured (judge: MODEL, readouts: [judged])")
    if "likelihood" in study.readouts and is_hosted(study.subject):
        found.append(f"likelihood readout: {study.subject} is hosted and cannot score fixed answers")
    found += [
        f"{family} readout under {stress.name}: it cannot read these answers"
        for stress in study.stresses
        for family in UNREADABLE.get(stress.kind, ())
        if family in study.readouts
    ]
    found += [
        f"free answers on {control.id}: it has neither markers nor contexts to read them by"
        for control in about.run.facts.controls
        if set(FREE) & set(study.readouts)
        and not any(can_be_read(control, item) for bank in control.banks.values() for item in bank)
    ]
    if "choice" not in study.readouts:
        found.append("choice readout: not in the study's readouts; below about 1.5B, letters are answered at chance")
    return found + (about.judges.missing if about.judges else [])


def missing_section(about: About) -> Section | None:
    """Lists what was not asked."""
    lines = missing(about)
    return Section("missing", "Not asked", lines=tuple(lines)) if lines else None
