"""The metrics by name, and what a metric is."""

from collections.abc import Sequence
from typing import Protocol

from doxa.facts.records import Item, Markers
from doxa.metrics.coherence import Coherence
from doxa.metrics.free_answers import FreeAnswers
from doxa.metrics.generative_distinguish import GenerativeDistinguish
from doxa.metrics.multiple_choice import MultipleChoice
from doxa.metrics.records import Family, MetricName, Prompt, Reading, Readout
from doxa.models.protocol import Answer, Scores


class Metric(Protocol):
    """A question bank and ways to score it. Never knows under which condition it asks, nor who answers."""

    name: MetricName
    families: tuple[Family, ...]

    def prompts(self, item: Item, family: Family) -> list[Prompt]:
        """Returns what to put to the subject: one prompt for sampled families, several for `likelihood`."""
        ...

    def read_scores(self, item: Item, scores: Sequence[Scores]) -> dict[Readout, Reading]:
        """Reads the scores of the likelihood prompts, in their order."""
        ...

    def read_answer(self, item: Item, markers: Markers, family: Family, answer: Answer) -> Reading:
        """Reads one sampled answer of the families `rubric` and `choice`."""
        ...


METRICS: dict[MetricName, Metric] = {
    "mcq_knowledge": MultipleChoice("mcq_knowledge"),
    "mcq_distinguish": MultipleChoice("mcq_distinguish"),
    "open_ended_belief": FreeAnswers("open_ended_belief"),
    "generative_distinguish": GenerativeDistinguish(),
    "harm_conflict": FreeAnswers("harm_conflict"),
    "direct_belief": FreeAnswers("direct_belief"),
    "meta_belief": FreeAnswers("meta_belief"),
    "direct_propensity": FreeAnswers("direct_propensity"),
    "meta_propensity": FreeAnswers("meta_propensity"),
    "coherence": Coherence(),
}
