"""Figures as SVG text: bars, intervals and curves whose colours and type are the page's own.

Every drawing is as wide as a phone and says its numbers beside its marks, so that none of them hangs on a colour.
"""

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from markupsafe import Markup

from doxa.conditions.records import ROLE_PLAY, Named
from doxa.report.wording import interval
from doxa.stats.estimates import Estimate

WIDTH = 440  # of a drawing's own units; the page scales it
EDGE = 4  # keeps the caps of whiskers inside
ROW, BAR, CAP = 40, 11, 4  # height of a row, of a bar, and half of a whisker's cap
HEAD = 24  # above the first row, for the title
AXIS = 20  # below the last row, for the scale
LABEL_LENGTH = 31  # characters beside which the numbers still have room
LONGEST_LABEL = 52  # characters of a line of its own
CURVE_HEIGHT, CURVE_LEFT, CURVE_FLOOR = 190, 40, 26
MOST_DOTS = 1500  # of a curve; more would only be one line
SMOOTHED = 12  # running means over this share of a curve: a twelfth


class Mark(NamedTuple):
    """One line of a drawing.

    Attributes:
        label: Its name.
        estimate: Its value with an interval.
        kind: Decides the colour: `baseline`, `told`, `finetuned`, `in_context` or `other`.
        solid: Whether the mark is filled; a hollow one is a difference that does not hold.
    """

    label: str
    estimate: Estimate
    kind: str = "other"
    solid: bool = True


def kind_of(condition: str) -> str:
    """Returns how a condition is drawn: what is only told what to say looks like nothing else."""
    kind = Named.of(condition).intervention.partition("(")[0]
    return "told" if kind in ROLE_PLAY else kind if kind in ("baseline", "finetuned", "in_context") else "other"


def bars(title: str, marks: Sequence[Mark]) -> str:
    """Draws rates from 0 to 1: a bar and its interval a line."""
    body, bottom = Markup(), 0.0
    for mark in marks:
        label, middle = _label(mark, bottom, signed=False)
        bar = Markup('<rect class="k-{}" x="{}" y="{:.1f}" width="{:.1f}" height="{}" rx="1.5"/>').format(
            mark.kind, EDGE, middle - BAR / 2, max(1.0, _at(mark.estimate.value) - EDGE), BAR
        )
        body += label + bar + _whisker(_at(mark.estimate.low), _at(mark.estimate.high), middle)
        bottom = middle + ROW / 2 - 3
    scale = [(_at(value), f"{value:g}") for value in (0, 0.25, 0.5, 0.75, 1)]
    return _drawing(title, _in_words(marks, signed=False), bottom + AXIS, _grid(scale, bottom) + body)


def intervals(title: str, marks: Sequence[Mark]) -> str:
    """Draws differences: a point and its interval a line, against a line at zero."""
    reach = max([abs(end) for mark in marks for end in (mark.estimate.low, mark.estimate.high)], default=1.0)
    reach = next((step for step in (0.1, 0.25, 0.5, 1.0) if reach <= step), reach)

    def at(value: float) -> float:
        return _at((value + reach) / (2 * reach))

    body, bottom = Markup(), 0.0
    for mark in marks:
        label, middle = _label(mark, bottom, signed=True)
        ends = at(mark.estimate.low), at(mark.estimate.high)
        state = "solid" if mark.solid else "hollow"
        point = Markup('<circle class="k-{} {}" cx="{:.1f}" cy="{:.1f}" r="5"/>').format(
            mark.kind, state, at(mark.estimate.value), middle
        )
        body += label + _whisker(*ends, middle) + point
        bottom = middle + ROW / 2 - 3
    scale = [(at(value), f"{value:+g}" if value else "0") for value in (-reach, -reach / 2, 0, reach / 2, reach)]
    zero = Markup('<line class="zero" x1="{0:.1f}" x2="{0:.1f}" y1="0" y2="{1:.1f}"/>').format(at(0), bottom)
    return _drawing(title, _in_words(marks, signed=True), bottom + AXIS, _grid(scale, bottom) + zero + body)


def counts(title: str, numbers: Sequence[tuple[str, int]]) -> str:
    """Draws how many there are of each, as bars whose longest fills the width."""
    most = max((number for _, number in numbers), default=0) or 1
    body, bottom = Markup(), 0.0
    for label, number in numbers:
        text = Markup('<text x="0" y="{:.1f}">{}</text><text class="value" x="{}" y="{:.1f}">{:,}</text>').format(
            bottom + 11, _cut(label), WIDTH, bottom + 11, number
        )
        bar = Markup('<rect class="k-other" x="0" y="{:.1f}" width="{:.1f}" height="5" rx="1.5"/>').format(
            bottom + 16, max(1.0, WIDTH * number / most)
        )
        body, bottom = body + text + bar, bottom + 27
    return _drawing(title, ", ".join(f"{label} {number:,}" for label, number in numbers), bottom, body)


def curve(title: str, values: Sequence[float], across: str, up: str) -> str:
    """Draws a value by step with its running mean.

    Args:
        title: Of the drawing.
        values: One a step.
        across: What a step is.
        up: What the value is.
    """
    window = max(1, len(values) // SMOOTHED)
    sums = [0.0, *accumulate(values)]
    means = [(sums[at] - sums[max(0, at - window)]) / min(window, at) for at in range(1, len(sums))]
    top, low = max(values), min(0.0, *values)
    height = CURVE_HEIGHT - CURVE_FLOOR

    def x(place: int) -> float:
        return CURVE_LEFT + (WIDTH - CURVE_LEFT - EDGE) * place / max(1, len(values) - 1)

    def y(value: float) -> float:
        return height - (height - 18) * (value - low) / ((top - low) or 1)

    shown = range(0, len(values), max(1, len(values) // MOST_DOTS))
    dots = Markup().join(
        Markup('<circle class="dot" cx="{:.1f}" cy="{:.1f}" r="1.4"/>').format(x(place), y(values[place]))
        for place in shown
    )
    line = Markup('<polyline class="line" points="{}"/>').format(
        " ".join(f"{x(place):.1f},{y(means[place]):.1f}" for place in shown)
    )
    ticks = Markup().join(
        Markup(
            '<line class="grid" x1="{0}" x2="{1}" y1="{2:.1f}" y2="{2:.1f}"/>'
            '<text class="tick end" x="{3}" y="{4:.1f}">{5:.2g}</text>'
        ).format(CURVE_LEFT, WIDTH, y(value), CURVE_LEFT - 5, y(value) + 4, value)
        for value in (low, (low + top) / 2, top)
    )
    names = Markup(
        '<text class="tick" x="0" y="9">{}</text><text class="tick" x="{}" y="{}">1</text>'
        '<text class="tick end" x="{}" y="{}">{} {}</text>'
    ).format(up, CURVE_LEFT, CURVE_HEIGHT - 9, WIDTH, CURVE_HEIGHT - 9, across, len(values))
    words = f"{up} by {across}: {values[0]:.3g} at first, {means[-1]:.3g} at the end (mean of the last {window})."
    return _drawing(title, words, CURVE_HEIGHT, ticks + dots + line + names)


def _at(share: float) -> float:
    return EDGE + (WIDTH - 2 * EDGE) * share


def _label(mark: Mark, top: float, signed: bool) -> tuple[Markup, float]:
    """Returns name and numbers of a line, and the height of the middle of its mark."""
    numbers = f"{interval(mark.estimate, signed)} n {mark.estimate.n}"
    # The sizes of type are the browser's: what may not fit beside the numbers gets lines of its own.
    lines = [mark.label] if len(mark.label) <= LABEL_LENGTH else _halves(mark.label)
    text, baseline = Markup(), top + 12
    for place, line in enumerate(lines):
        text += Markup('<text x="0" y="{:.1f}">{}</text>').format(baseline + 14 * place, _cut(line))
    baseline += 14 * (len(lines) - 1)
    text += Markup('<text class="value" x="{}" y="{:.1f}">{}</text>').format(WIDTH, baseline, numbers)
    tip = Markup("<title>{}: {}, {} clusters</title>").format(mark.label, numbers, mark.estimate.clusters)
    return Markup("<g>{}{}</g>").format(tip, text), baseline + 6 + BAR / 2


def _halves(label: str) -> list[str]:
    """Breaks a long name so that its last line is short enough to stand beside numbers."""
    first, joint, rest = label.partition(" + ")
    return [first + " +", rest] if joint and len(rest) <= LABEL_LENGTH else [label, ""]


def _cut(label: str) -> str:
    return label if len(label) <= LONGEST_LABEL else f"{label[: LONGEST_LABEL - 1]}…"


def _whisker(low: float, high: float, middle: float) -> Markup:
    path = (
        f"M{low:.1f} {middle:.1f}H{high:.1f}M{low:.1f} {middle - CAP:.1f}V{middle + CAP:.1f}"
        f"M{high:.1f} {middle - CAP:.1f}V{middle + CAP:.1f}"
    )
    return Markup('<path class="halo" d="{0}"/><path class="whisker" d="{0}"/>').format(path)


def _grid(scale: Sequence[tuple[float, str]], bottom: float) -> Markup:
    places = ("start", *("middle" for _ in scale[2:]), "end")
    return Markup().join(
        Markup(
            '<line class="grid" x1="{0:.1f}" x2="{0:.1f}" y1="0" y2="{1:.1f}"/>'
            '<text class="tick {2}" x="{0:.1f}" y="{3:.1f}">{4}</text>'
        ).format(x, bottom, place, bottom + 14, text)
        for (x, text), place in zip(scale, places, strict=True)
    )


def _in_words(marks: Sequence[Mark], signed: bool) -> str:
    return "; ".join(f"{mark.label} {interval(mark.estimate, signed)}" for mark in marks)


def _drawing(title: str, words: str, height: float, body: Markup) -> str:
    """Returns the whole drawing under its title, named and described for whoever does not see it."""
    return Markup(
        '<svg role="img" aria-label="{0}" viewBox="0 {1} {2} {3:.0f}"><title>{0}</title><desc>{4}</desc>'
        '<text class="title" x="0" y="{5}">{0}</text>{6}</svg>'
    ).format(title, -HEAD, WIDTH, height + HEAD, words, 14 - HEAD, body)
