"""The figure of a persona study: what the persona is said to believe beside what the subject itself answers."""

import matplotlib as mpl
from matplotlib.figure import Figure

from doxa.report.figures import COLOURS, HATCHES, SVG_SETTINGS, WIDTH, draw_bars, svg
from doxa.report.personas import GROUPS, QUESTIONS, PersonaStudy

PANEL_HEIGHT = 2.9  # inches


def persona_panels(study: PersonaStudy) -> str:
    """Draws two panels a kind of fact, meta and direct: a group of bars a condition, a bar a persona."""
    bars = {(bar.group, bar.asked, bar.persona, bar.condition): bar.estimate for bar in study.bars}
    width = 0.84 / max(1, len(study.personas))
    with mpl.rc_context(SVG_SETTINGS):
        size = (WIDTH, PANEL_HEIGHT * len(study.groups) + 0.4)
        figure = Figure(figsize=size, layout="constrained")
        panels = figure.subplots(len(study.groups), len(QUESTIONS), sharey=True, squeeze=False)
        for row, group in enumerate(study.groups):
            for column, question in enumerate(QUESTIONS):
                axes = panels[row][column]
                for place, persona in enumerate(study.personas):
                    offsets = [at - 0.42 + (place + 0.5) * width for at in range(len(study.conditions))]
                    estimates = [bars.get((group, question, persona, condition)) for condition in study.conditions]
                    colour, hatch = COLOURS[place % len(COLOURS)], HATCHES[place // len(COLOURS) % len(HATCHES)]
                    draw_bars(axes, offsets, estimates, width, colour, hatch, persona)
                axes.set_title(f"{GROUPS[group]}: {QUESTIONS[question]}", fontsize=10)
                axes.set_xticks(range(len(study.conditions)), study.conditions, fontsize=8)
                axes.set_ylim(0, 1)
                axes.spines[["top", "right"]].set_visible(False)
        handles, labels = panels[0][0].get_legend_handles_labels()
        figure.legend(handles, labels, ncols=len(labels), loc="outside upper center", frameon=False, fontsize=9)
        return svg(figure, "belief by persona and condition, asked on the persona and directly, with 95 % intervals")
