"""A few answers side by side, for readers without scripts; the page's own browser has all of them."""

from typing import NamedTuple

from doxa.facts.records import Item
from doxa.metrics.records import TITLES, Row
from doxa.report.calls import Said, texts
from doxa.report.run import About

ITEMS = 10  # a metric, where there is one fact; shared among several
CUT = 600  # characters of an answer


class Voice(NamedTuple):
    """What was said under one condition, and how it was read."""

    condition: str
    verdict: str
    said: Said

    @property
    def is_cut(self) -> bool:
        """Whether more was said."""
        return self.said.length > len(self.said.text)


class Sample(NamedTuple):
    """One item with its answers side by side."""

    metric: str
    item: Item
    voices: list[Voice]


def samples(about: About) -> list[Sample]:
    """Returns the first items of each metric with what was said before finetuning, after it, and by pretending."""
    analysis = about.analysis
    readout = "rubric" if "rubric" in analysis.readouts else "judged"
    most = max(1, ITEMS // len(about.run.facts.implanted))
    shown = ("baseline", *analysis.finetunes, "pretend")
    chosen: list[tuple[str, Item, list[Row]]] = []
    for metric in analysis.metrics:
        groups = [
            {row.item: row for row in analysis.group(metric, readout, condition) if row.sample == 0}
            for condition in shown
        ]
        for item in about.fact.banks.get(metric, ())[:most]:
            rows = [group[item.id] for group in groups if item.id in group]
            if rows:
                chosen.append((TITLES[metric], item, rows))
    said = texts(about.run.folder, (row.calls[0] for _, _, rows in chosen for row in rows), CUT)
    return [
        Sample(metric, item, [Voice(row.condition, row.verdict, said[row.calls[0]]) for row in rows])
        for metric, item, rows in chosen
    ]
