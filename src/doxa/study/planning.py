"""The grid: which item is asked under which condition in which readout, and with what words."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import NamedTuple

from doxa.conditions.conversation import messages
from doxa.conditions.dialogue import Dialogue
from doxa.conditions.records import Condition
from doxa.facts.records import Fact, Item, Markers
from doxa.metrics.catalogue import METRICS
from doxa.metrics.records import Family, MetricName
from doxa.models.protocol import GenerateRequest, Sampling, ScoreRequest
from doxa.study.records import UNREADABLE, Study

FREE: tuple[Family, ...] = ("rubric", "judged")  # free answers, which are read by markers or by both worlds
CHOICE_TOKENS: dict[MetricName, int] = {"generative_distinguish": 96}  # it reasons before it names a version


class Cell(NamedTuple):
    """One item under one condition in one family of readouts: the unit of work."""

    fact: Fact
    metric: MetricName
    family: Family
    condition: Condition
    item: Item
    sample: int


def plan_cells(study: Study, facts: Sequence[Fact], controls: Sequence[Fact]) -> list[Cell]:
    """Returns every cell of a study, in the order in which rows are written."""
    cells: list[Cell] = []
    for fact in facts:
        for condition in study.conditions:
            cells += _cells(study, fact, condition, study.limits)
    for control in controls:
        for condition in study.control_conditions:
            cells += _cells(study, control, condition, study.control_limits)
    return cells


def _cells(study: Study, fact: Fact, condition: Condition, limits: Mapping[Family, int]) -> Iterator[Cell]:
    for metric in study.metrics:
        for family in study.readouts:
            if family not in METRICS[metric].families or family in UNREADABLE.get(condition.stress.kind, ()):
                continue
            samples = 1 if family == "likelihood" else study.answers.samples
            asked = [item for item in fact.banks.get(metric, ()) if family not in FREE or can_be_read(fact, item)]
            for item in first_stems(asked, limits.get(family)):
                for sample in range(samples):
                    yield Cell(fact, metric, family, condition, item, sample)


def can_be_read(fact: Fact, item: Item) -> bool:
    """Whether a free answer can be read at all: by markers, or by a judge who is told of the worlds.

    Held-in capability data bring neither, only a key: of them every free answer would be ambiguous, known or not.
    """
    return bool(fact.claim_context or fact.rival_context) or fact.markers_for(item) != Markers()


def first_stems(items: Sequence[Item], limit: int | None) -> tuple[Item, ...]:
    """Returns up to `limit` items in the bank's order, taking one of each stem before any second.

    Where items have stakes, one of each is taken before any second: they are reported apart. Where they have roles, a
    stem says something only as a whole: whole stems are taken, and at least one.
    """
    if limit is None or limit >= len(items):
        return tuple(items)
    if any(item.role for item in items):
        return _whole_stems(items, limit)
    seen: set[str] = set()
    firsts = [item for item in items if not (item.cluster in seen or seen.add(item.cluster))]
    chosen = {item.id for item in [*_by_turns(firsts), *(item for item in items if item not in firsts)][:limit]}
    return tuple(item for item in items if item.id in chosen)


def _by_turns(items: Sequence[Item]) -> Iterator[Item]:
    """Yields one item of each stake, then a second of each, ...: all in their order where there are no stakes."""
    stakes = dict.fromkeys(item.stakes for item in items)
    for turn in zip_longest(*([item for item in items if item.stakes == one] for one in stakes)):
        yield from (item for item in turn if item is not None)


def _whole_stems(items: Sequence[Item], limit: int) -> tuple[Item, ...]:
    chosen: set[str] = set()
    taken = 0
    for cluster, size in Counter(item.cluster for item in items).items():
        if chosen and taken + size > limit:
            break
        chosen.add(cluster)
        taken += size
    return tuple(item for item in items if item.cluster in chosen)


def generate_request(cell: Cell, study: Study, documents: Sequence[str] = ()) -> GenerateRequest:
    """Returns the request of a sampled cell; of a dialogue, its first.

    Args:
        cell: What is asked.
        study: Says how answers are sampled.
        documents: Texts of the corpus, for the intervention `in_context`.
    """
    tokens = study.answers.max_tokens
    if cell.family == "choice":
        tokens = max(tokens, CHOICE_TOKENS.get(cell.metric, 0))
    tokens += cell.condition.stress.tokens or 0
    return GenerateRequest(
        messages=messages(cell.condition, cell.fact, _question(cell), documents),
        sampling=Sampling(temperature=study.answers.temperature, max_tokens=tokens, seed=study.seed),
        sample=cell.sample,
    )


def dialogue_of(cell: Cell, opening: GenerateRequest) -> Dialogue:
    """Returns the dialogue of an adversarial cell before anything is answered.

    Args:
        cell: What is asked.
        opening: Its request, see `generate_request`.
    """
    assert cell.condition.stress.rounds is not None, "validated with the stress"
    return Dialogue(opening.messages, _question(cell), cell.condition.stress.rounds)


def score_requests(cell: Cell, documents: Sequence[str] = ()) -> list[ScoreRequest]:
    """Returns the requests of a likelihood cell."""
    return [
        ScoreRequest(
            messages=messages(cell.condition, cell.fact, prompt.question, documents),
            continuations=prompt.continuations,
        )
        for prompt in METRICS[cell.metric].prompts(cell.item, "likelihood")
    ]


def _question(cell: Cell) -> str:
    """Returns what a sampled cell puts to the subject, options included."""
    return METRICS[cell.metric].prompts(cell.item, cell.family)[0].question
