"""What a study would take: calls, tokens and dollars of every stage, before anything is asked."""

from collections import Counter
from collections.abc import Sequence

from doxa.corpus.estimating import DOCUMENT, VERDICT, estimate
from doxa.facts.records import Fact
from doxa.metrics.judging import judge_request
from doxa.models.costs import CHARACTERS_A_TOKEN, StageEstimate
from doxa.models.naming import is_hosted
from doxa.models.protocol import Message
from doxa.study.checking import foreseen
from doxa.study.planning import Cell, generate_request, plan_cells, score_requests
from doxa.study.records import Study
from doxa.study.running import Facts
from doxa.training.mixing import CHAT_SAMPLING, neutral_prompts
from doxa.training.recipe import Recipe

ANSWER_SHARE = 0.8  # of the longest answer allowed, what answers come to
ARGUMENT = 200  # tokens of an adversary's argument: it is told to keep to 150 words


def estimate_study(study: Study, facts: Facts) -> list[StageEstimate]:
    """Estimates every stage of a located study, as if nothing of it had been run.

    A finished corpus is taken as it is; one that is to be written is counted as if each draft passed its gates.
    """
    stages: list[StageEstimate] = []
    for name in study.arms_written:
        if (plan := study.arm(name).corpus).documents:
            stages += _over_facts(estimate(facts.implanted, plan), _label(name))
    for name in study.arms_trained:
        if (recipe := study.arm(name).training) is not None:
            stages += _training(study, name, recipe, facts.implanted)
    cells = plan_cells(study, *facts)
    shown = _stand_ins(study)
    for subject in dict.fromkeys(cell.condition.adapter for cell in cells):
        mine = [cell for cell in cells if cell.condition.adapter == subject]
        stages += _asking(study, f"asking ({subject or 'base'})", mine, shown)
    return stages


def _training(study: Study, name: str | None, recipe: Recipe, facts: Sequence[Fact]) -> list[StageEstimate]:
    """Estimates the finetune of one arm."""
    label = _label(name)
    stages: list[StageEstimate] = []
    if chats := recipe.chat_answers:
        tokens_in = sum(map(_tokens, neutral_prompts(recipe)))
        tokens_out = round(ANSWER_SHARE * chats * CHAT_SAMPLING.max_tokens)
        stages.append(
            StageEstimate(
                stage=f"own answers to mix in{label}", model=study.subject, calls=chats, tokens_in=tokens_in,
                tokens_out=tokens_out,
            )
        )  # fmt: skip
    found = foreseen(study, name, recipe, facts)
    stage = f"finetuning{label}, about {found.steps} steps"
    stages.append(StageEstimate(stage=stage, model=study.subject, calls=0, tokens_in=found.tokens, tokens_out=0))
    return stages


def _label(arm: str | None) -> str:
    return f" ({arm})" if arm else ""


def _over_facts(stages: Sequence[StageEstimate], label: str) -> list[StageEstimate]:
    """Adds up the stages of the same name, which every fact has."""
    sums: dict[tuple[str, str], StageEstimate] = {}
    for stage in stages:
        name = f"writing: {stage.stage.partition(': ')[2]}{label}"
        before = sums.get((name, stage.model))
        sums[name, stage.model] = StageEstimate(
            stage=name,
            model=stage.model,
            calls=stage.calls + (before.calls if before else 0),
            tokens_in=stage.tokens_in + (before.tokens_in if before else 0),
            tokens_out=stage.tokens_out + (before.tokens_out if before else 0),
        )
    return list(sums.values())


def _asking(study: Study, label: str, cells: Sequence[Cell], shown: Sequence[str]) -> list[StageEstimate]:
    """Estimates the answers of one subject, and what judges and an adversary add."""
    calls: Counter[str] = Counter()
    tokens_in: Counter[str] = Counter()
    tokens_out: Counter[str] = Counter()

    def count(model: str, messages: Sequence[Message], answer: float) -> None:
        calls[model] += 1
        tokens_in[model] += sum(_tokens(message.content) for message in messages)
        tokens_out[model] += round(answer)

    orders = 2 if study.both_orders else 1
    for cell in cells:
        if cell.family == "likelihood":
            for request in () if is_hosted(study.subject) else score_requests(cell, shown):
                count(f"{study.subject} (fixed answers)", request.messages, 0)
            continue
        request = generate_request(cell, study, shown)
        answer = ANSWER_SHARE * request.sampling.max_tokens
        rounds = cell.condition.stress.rounds or 0
        for round_ in range(1 + rounds):
            argued = [Message(role="user", content="x" * round(ARGUMENT * CHARACTERS_A_TOKEN))] * (2 * round_)
            count(study.subject, [*request.messages, *argued], answer)
        for _ in range(rounds):
            count(study.adversary or study.subject, [*request.messages, *request.messages], ARGUMENT)
        if cell.family == "judged":
            text = "x" * round(answer * CHARACTERS_A_TOKEN)
            judged = judge_request(cell.fact, cell.item.question, text, True, metric=cell.metric)
            for judge in study.judge * orders:
                count(judge, judged.messages, VERDICT)
    return [
        StageEstimate(
            stage=label, model=model, calls=calls[model], tokens_in=tokens_in[model], tokens_out=tokens_out[model]
        )
        for model in calls
    ]


def _stand_ins(study: Study) -> list[str]:
    """Returns texts of a document's length, as many as any prompt shows."""
    most = max((item.k or 0 for item in study.interventions if item.kind == "in_context"), default=0)
    return ["x" * round(DOCUMENT * CHARACTERS_A_TOKEN)] * most


def _tokens(text: str) -> int:
    return round(len(text) / CHARACTERS_A_TOKEN)
