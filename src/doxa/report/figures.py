"""Figures as SVG text: metrics x interventions as grouped bars with intervals, contrasts, the training curve."""

import io
import re
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from doxa.metrics.records import TITLES, Readout
from doxa.report.analysis import READOUT_TITLES, Analysis
from doxa.stats.estimates import Estimate

# Okabe & Ito's palette, which people with any colour vision can tell apart; grey is what the base model says.
COLOURS = ("#8a8a8a", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#CC79A7", "#D55E00", "#000000")
FINETUNED_COLOUR = "#0072B2"
WIDTH = 9.5  # inches; as wide as the page
GROUP_WIDTH = 1.9  # inches a metric below which the titles run into one another
HATCHES = ("", "//", "..", "xx", "\\\\")  # where there are more bars than colours, a pattern tells them apart
SVG_SETTINGS: Any = {"svg.fonttype": "none", "svg.hashsalt": "doxa", "font.family": "sans-serif", "font.size": 10}


def bars(analysis: Analysis, readout: Readout) -> str:
    """Draws one readout: a group of bars a metric, a bar an intervention, 95 % intervals."""
    with mpl.rc_context(SVG_SETTINGS):
        metrics = analysis.metrics_in(readout)
        figure = Figure(figsize=(max(WIDTH, GROUP_WIDTH * len(metrics)), 3.6), layout="constrained")
        axes = figure.subplots()
        width = 0.84 / max(1, len(analysis.conditions))
        for place, condition in enumerate(analysis.conditions):
            scores = [analysis.score(metric, readout, condition) for metric in metrics]
            estimates = [score.estimate if score else None for score in scores]
            offsets = [group - 0.42 + (place + 0.5) * width for group in range(len(metrics))]
            hatch = HATCHES[place // len(COLOURS) % len(HATCHES)]
            _draw(axes, offsets, estimates, width, _colour(condition, place), hatch, condition)
        axes.set_xticks(range(len(metrics)), [TITLES[metric] for metric in metrics])
        axes.set_ylim(0, 1)
        axes.set_ylabel("belief in the claim")
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(ncols=4, loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False, fontsize=9)
        return _svg(figure, f"{READOUT_TITLES[readout]}: score by metric and intervention with 95 % intervals")


def contrasts(analysis: Analysis) -> str:
    """Draws finetuned minus baseline for every metric and readout."""
    lifts = [
        (f"{TITLES[metric]}, {READOUT_TITLES[readout]}", lift.estimate)
        for metric in analysis.metrics
        for readout in analysis.readouts
        if (lift := analysis.lift(metric, readout, "finetuned"))
    ]
    with mpl.rc_context(SVG_SETTINGS):
        figure = Figure(figsize=(WIDTH, 0.6 + 0.27 * len(lifts)), layout="constrained")
        axes = figure.subplots()
        for place, (_, estimate) in enumerate(reversed(lifts)):
            axes.plot([estimate.low, estimate.high], [place, place], color=FINETUNED_COLOUR, linewidth=2)
            axes.plot([estimate.value], [place], "o", color=FINETUNED_COLOUR, markersize=5)
        axes.axvline(0, color="#8a8a8a", linewidth=1)
        axes.set_yticks(range(len(lifts)), [name for name, _ in reversed(lifts)])
        axes.set_xlabel("finetuned minus baseline, same items, 95 % interval")
        axes.spines[["top", "right", "left"]].set_visible(False)
        return _svg(figure, "paired difference of finetuned and baseline for each metric and readout")


def training_curve(losses: Sequence[float]) -> str:
    """Draws the loss of every optimiser step with its running mean."""
    window = max(1, len(losses) // 12)
    means = [sum(losses[max(0, at - window + 1) : at + 1]) / min(window, at + 1) for at in range(len(losses))]
    with mpl.rc_context(SVG_SETTINGS):
        figure = Figure(figsize=(WIDTH, 2.2), layout="constrained")
        axes = figure.subplots()
        axes.plot(losses, ".", color="#8a8a8a", markersize=3)
        axes.plot(means, color=FINETUNED_COLOUR)
        axes.set_xlabel("optimiser step")
        axes.set_ylabel("loss")
        axes.spines[["top", "right"]].set_visible(False)
        return _svg(figure, "training loss by optimiser step")


def _draw(
    axes: Axes,
    offsets: Sequence[float],
    estimates: Sequence[Estimate | None],
    width: float,
    colour: str,
    hatch: str,
    label: str,
) -> None:
    known = [(offset, estimate) for offset, estimate in zip(offsets, estimates, strict=True) if estimate]
    if not known:
        return
    heights = [estimate.value for _, estimate in known]
    errors = [
        [max(0.0, estimate.value - estimate.low) for _, estimate in known],
        [max(0.0, estimate.high - estimate.value) for _, estimate in known],
    ]
    places = [offset for offset, _ in known]
    axes.bar(places, heights, width * 0.92, color=colour, hatch=hatch, edgecolor="white", linewidth=0, label=label)
    axes.errorbar(places, heights, yerr=errors, fmt="none", ecolor="#333333", elinewidth=1, capsize=2)


def _colour(condition: str, place: int) -> str:
    if condition == "finetuned":
        return FINETUNED_COLOUR
    return COLOURS[place % len(COLOURS)]


def _svg(figure: Figure, title: str) -> str:
    """Returns the figure as inline SVG with a title for screen readers, text in the page's own colour."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    return text.replace("<svg ", f'<svg role="img" aria-label="{title}" ', 1)
