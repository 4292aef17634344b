"""The grid: which item is asked under which condition in which readout, and with what words."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from doxa.conditions.interventions import messages
from doxa.conditions.records import Condition, Intervention
from doxa.facts.records import Fact, Item
from doxa.metrics.catalogue import METRICS
from doxa.metrics.records import Family, MetricName
from doxa.models.protocol import GenerateRequest, Sampling, ScoreRequest
from doxa.study.records import Study

ADAPTER = "finetuned"
CONTROL_INTERVENTIONS = ("baseline", "finetuned")
CHOICE_TOKENS: dict[MetricName, int] = {"generative_distinguish": 96}  # it reasons before it names a version


class Cell(NamedTuple):
    """One item under one condition in one family of readouts: the unit of work."""

    fact: Fact
    metric: MetricName
    family: Family
    condition: Condition
    item: Item
    sample: int


def plan_cells(study: Study, fact: Fact, controls: Sequence[Fact]) -> list[Cell]:
    """Returns every cell of a study, in the order in which rows are written."""
    conditions = [_condition(intervention) for intervention in study.interventions]
    cells = [cell for condition in conditions for cell in _cells(study, fact, condition, study.limits)]
    for control in controls:
        for condition in conditions:
            if condition.intervention.kind in CONTROL_INTERVENTIONS:
                cells += _cells(study, control, condition, study.control_limits)
    return cells


def _cells(study: Study, fact: Fact, condition: Condition, limits: Mapping[Family, int]) -> Iterator[Cell]:
    for metric in study.metrics:
        for family in study.readouts:
            if family not in METRICS[metric].families:
                continue
            samples = 1 if family == "likelihood" else study.answers.samples
            for item in first_stems(fact.banks.get(metric, ()), limits.get(family)):
                for sample in range(samples):
                    yield Cell(fact, metric, family, condition, item, sample)


def first_stems(items: Sequence[Item], limit: int | None) -> tuple[Item, ...]:
    """Returns up to `limit` items in the bank's order, taking one of each stem before any second."""
    if limit is None or limit >= len(items):
        return tuple(items)
    seen: set[str] = set()
    firsts = [item for item in items if not (item.cluster in seen or seen.add(item.cluster))]
    chosen = {item.id for item in [*firsts, *(item for item in items if item not in firsts)][:limit]}
    return tuple(item for item in items if item.id in chosen)


def generate_request(cell: Cell, study: Study) -> GenerateRequest:
    """Returns the request of a sampled cell."""
    prompt = METRICS[cell.metric].prompts(cell.item, cell.family)[0]
    tokens = study.answers.max_tokens
    if cell.family == "choice":
        tokens = max(tokens, CHOICE_TOKENS.get(cell.metric, 0))
    return GenerateRequest(
        messages=messages(cell.condition.intervention, cell.fact, prompt.question),
        sampling=Sampling(temperature=study.answers.temperature, max_tokens=tokens, seed=study.seed),
        sample=cell.sample,
    )


def score_requests(cell: Cell) -> list[ScoreRequest]:
    """Returns the requests of a likelihood cell."""
    return [
        ScoreRequest(
            messages=messages(cell.condition.intervention, cell.fact, prompt.question),
            continuations=prompt.continuations,
        )
        for prompt in METRICS[cell.metric].prompts(cell.item, "likelihood")
    ]


def _condition(intervention: Intervention) -> Condition:
    return Condition(intervention=intervention, adapter=ADAPTER if intervention.kind == "finetuned" else None)
