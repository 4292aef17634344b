"""The figure of a persona study: what the persona is said to believe beside what the subject itself answers."""

from doxa.report.analysis import READOUT_TITLES
from doxa.report.figures import Mark, bars, kind_of
from doxa.report.personas import GROUPS, QUESTIONS, PersonaStudy
from doxa.report.sections import Cell, Figure, Table


def persona_panels(study: PersonaStudy) -> Figure:
    """Draws two panels a kind of fact, meta and direct: a bar a condition and persona."""
    drawings: list[str] = []
    rows: list[tuple[Cell, ...]] = []
    for group in study.groups:
        for question in QUESTIONS:
            found = [bar for bar in study.bars if (bar.group, bar.asked) == (group, question)]
            if found:
                marks = [Mark(f"{bar.condition}, {bar.persona}", bar.estimate, kind_of(bar.condition)) for bar in found]
                drawings.append(bars(f"{GROUPS[group]}: {QUESTIONS[question]}", marks))
            rows += [(GROUPS[group], question, bar.persona, bar.condition, bar.estimate) for bar in found]
    name = READOUT_TITLES[study.readout]
    table = Table(f"Personas, {name}", ("facts", "asked", "persona", "condition", "score"), rows)
    return Figure(f"By persona: {name}", tuple(drawings), table)
