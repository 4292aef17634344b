"""What Inspect finds of doxa through its entry point; light, since every `inspect` command imports it."""

from typing import Any, Literal

from inspect_ai import Task, task
from inspect_ai.scorer import Metric, SampleScore, Scorer, Value, metric, scorer

from doxa.models.inspect_registry import doxa

__all__ = ["belief", "choice", "doxa", "judged", "rate", "rubric", "verdicts"]


@metric(name="rate", scores="unreduced")
def rate() -> Metric:
    """How often the claim is believed, for each of doxa's metrics, with an interval that knows clusters."""

    def compute(scores: list[SampleScore]) -> Value:
        from doxa.inspect.rates import rates

        return rates(scores)

    return compute


@metric(name="verdicts", scores="unreduced")
def verdicts() -> Metric:
    """The share of every verdict that was given."""

    def compute(scores: list[SampleScore]) -> Value:
        from doxa.inspect.rates import shares

        return shares(scores)

    return compute


@scorer(metrics=[rate(), verdicts()])
def rubric() -> Scorer:
    """Reads free answers by the marker patterns of both worlds."""
    from doxa.inspect.scoring import reader

    return reader("rubric")


@scorer(metrics=[rate(), verdicts()])
def choice() -> Scorer:
    """Reads which of the options or versions shown an answer names."""
    from doxa.inspect.scoring import reader

    return reader("choice")


@scorer(metrics=[rate(), verdicts()])
def judged(judge: list[str] | None = None, both_orders: bool = False, judge_itself: bool = False) -> Scorer:
    """Has one judge or several read answers, with the prompts of `doxa run`.

    Args:
        judge: Inspect model names; left out, the model role `grader` judges.
        both_orders: Whether each answer is judged in both orders of the worlds.
        judge_itself: Lets the subject be its own judge.
    """
    from doxa.inspect.scoring import judging

    return judging(judge or [], both_orders, judge_itself)


@task
def belief(
    fact: str,
    intervention: Any = "baseline",
    stress: Any = "none",
    persona: str = "none",
    metrics: str | list[str] | None = None,
    readout: Literal["rubric", "choice", "judged"] = "rubric",
    items: int | None = None,
    judge: str | list[str] | None = None,
    judge_orders: Literal["one", "both"] = "one",
    judge_itself: bool = False,
    adversary: str | None = None,
    believer: dict[str, str] | None = None,
    corpus: str | None = None,
    seed: int = 0,
) -> Task:
    """One condition of a study in one readout, with the words and the readings of `doxa run`.

    Args:
        fact: Catalogue id or folder.
        intervention: As a study lists it. `finetuned` tells nothing: the finetuned subject is the `--model`.
        stress: As a study lists it.
        persona: Who the subject is told to be.
        metrics: What is asked; left out, every bank of the fact that the readout can read.
        readout: How an answer is read.
        items: Items a metric, where fewer than all are wanted; taken one stem after the other.
        judge: Inspect model names; left out, the model role `grader` judges.
        judge_orders: Whether an answer is judged in `one` random order of the two worlds, or in `both`.
        judge_itself: Lets the subject be its own judge.
        adversary: Who argues in the stress `adversarial`; left out, the model role `adversary`.
        believer: Name and maker that stand where facts and personas say `{name}` and `{maker}`.
        corpus: Folder of a finished corpus for `in_context`; left out, the documents that come with the fact.
        seed: Of the answers; each epoch draws with a seed of its own that comes from it.
    """
    from doxa.inspect.planning import Asked, task_of

    return task_of(
        Asked(
            fact=fact, intervention=intervention, stress=stress, persona=persona, metrics=metrics, readout=readout,
            items=items, judge=judge, judge_orders=judge_orders, judge_itself=judge_itself, adversary=adversary,
            believer=believer, corpus=corpus, seed=seed,
        )
    )  # fmt: skip
