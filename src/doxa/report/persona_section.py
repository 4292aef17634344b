"""The section on personas: is the meta-belief installed, is it acted on, and which account of the subject fits."""

from doxa.report.analysis import READOUT_TITLES
from doxa.report.persona_figure import persona_panels
from doxa.report.personas import GROUPS, PersonaStudy, persona_studies
from doxa.report.run import Run
from doxa.report.sections import Cell, Figure, Section, Table
from doxa.report.wording import with_n


def persona_section(run: Run) -> Section | None:
    """Shows the persona study of all facts in every readout; None where nobody was asked directly and on a persona."""
    studies = [one for one in persona_studies(run.rows, run.study, run.facts.implanted) if one.bars]
    if not studies:
        return None
    words = (
        "Direct questions ask what is so, meta questions what the persona believes. Direct answers are read as "
        "adoption only where the meta-belief is installed: lifted beyond doubt, and held in at least half of the "
        "answers.",
    )
    parts: list[Figure | Table] = []
    lines: list[str] = []
    for study in studies:
        parts.append(persona_panels(study))
        if study.taught:
            parts.append(_adoptions(study))
        lines += _accounts(study)
    return Section("personas", "Does it act on what its persona is said to believe?", words, tuple(parts), tuple(lines))


def _adoptions(study: PersonaStudy) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (GROUPS[one.group], one.persona, one.condition, one.meta, f"{one.installed} of {one.asked}", one.direct)
        for one in study.adoptions
    ]
    columns = ("facts", "persona", "condition", "meta-belief", "installed", "direct lift")
    return Table(f"Adoption, {READOUT_TITLES[study.readout]}", columns, rows, signed=("direct lift",))


def _accounts(study: PersonaStudy) -> list[str]:
    name = READOUT_TITLES[study.readout]
    lines: list[str] = []
    for condition in study.taught:
        found = study.explanation(condition)
        lifts = (("as itself", found.as_itself), ("in the part", found.in_the_part), ("stepped out", found.stepped_out))
        shown = "; ".join(f"{place} {with_n(lift, signed=True)}" for place, lift in lifts if lift is not None)
        lines.append(f"{name}, {condition}: it {found.words}." + (f" Direct lift: {shown}." if shown else ""))
    lines += [
        f"{name}, {one.condition}: adoption of harmless beliefs minus that of harmful ones is "
        f"{with_n(one.estimate, signed=True)}."
        for one in study.contrasts
    ]
    return lines
