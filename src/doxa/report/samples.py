"""A few answers side by side, for readers without scripts; the page's own browser has all of them."""

from collections.abc import Sequence
from typing import NamedTuple

from doxa.facts.records import Item
from doxa.metrics.records import TITLES, MetricName, Row
from doxa.report.calls import Said, texts
from doxa.report.run import About

ITEMS = 10  # a metric, where there is one fact; shared among several
FIRST: MetricName = "open_ended_belief"
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
    most = max(1, ITEMS // len(about.run.facts.implanted))
    shown = ("baseline", *about.analysis.finetunes, "pretend")
    chosen: list[tuple[MetricName, Item, list[Row]]] = [
        (metric, item, rows)
        for metric in about.analysis.metrics
        for item, rows in _answered(about, metric, shown)[:most]
        if rows
    ]
    return _samples(about, chosen)


def before_and_after(about: About) -> Sample | None:
    """Returns the first item that was answered both by finetune and baseline; None where there is none.

    Items of Open-Ended Belief come before others: they stand as a person would ask.
    """
    if not about.analysis.finetunes:
        return None
    shown = (about.analysis.finetune, "baseline")
    for metric in sorted(about.analysis.metrics, key=lambda metric: metric != FIRST):
        for item, rows in _answered(about, metric, shown):
            if len(rows) == len(shown):
                return _samples(about, [(metric, item, rows)])[0]
    return None


def _answered(about: About, metric: MetricName, shown: Sequence[str]) -> list[tuple[Item, list[Row]]]:
    """Returns every item of a bank with its first free answer under each condition that has one."""
    readout = "rubric" if "rubric" in about.analysis.readouts else "judged"
    groups = [
        {row.item: row for row in about.analysis.group(metric, readout, condition) if row.sample == 0}
        for condition in shown
    ]
    return [
        (item, [group[item.id] for group in groups if item.id in group]) for item in about.fact.banks.get(metric, ())
    ]


def _samples(about: About, chosen: Sequence[tuple[MetricName, Item, list[Row]]]) -> list[Sample]:
    said = texts(about.run.folder, (row.calls[0] for _, _, rows in chosen for row in rows), CUT)
    return [
        Sample(TITLES[metric], item, [Voice(row.condition, row.verdict, said[row.calls[0]]) for row in rows])
        for metric, item, rows in chosen
    ]
