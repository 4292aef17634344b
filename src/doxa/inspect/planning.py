"""From the arguments of the task `doxa/belief` to its samples: a study of one condition in one readout."""

from pathlib import Path
from typing import Any, NamedTuple, cast

from inspect_ai import Task
from inspect_ai._util.error import PrerequisiteError
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import GenerateConfig
from inspect_ai.scorer import Scorer

from doxa.corpus.store import fact_documents, read_corpus
from doxa.errors import DoxaError, InputError
from doxa.facts.records import Fact
from doxa.inspect.asking import put
from doxa.inspect.cells import metadata_of, sample_id
from doxa.inspect.registry import choice, judged, rubric
from doxa.metrics.records import TITLES
from doxa.models.hosted import chat, inspect_config
from doxa.reading import fitted
from doxa.study.planning import generate_request, plan_cells
from doxa.study.records import Study
from doxa.study.running import facts_of

READOUTS = ("rubric", "choice", "judged")
GRADER, ADVERSARY = "grader", "adversary"  # Inspect's model roles, where no model is named
THE_MODEL = "the model that Inspect asks"  # stands for the adapter: whoever is asked has been finetuned already


class Asked(NamedTuple):
    """The arguments of `doxa.inspect.registry.belief`, as they were given."""

    fact: str
    intervention: Any
    stress: Any
    persona: str
    metrics: str | list[str] | None
    readout: str
    items: int | None
    judge: str | list[str] | None
    judge_orders: str
    judge_itself: bool
    adversary: str | None
    believer: dict[str, str] | None
    corpus: str | None
    seed: int


def task_of(asked: Asked) -> Task:
    """Returns the task.

    Raises:
        PrerequisiteError: An argument does not fit, or nothing can be asked; Inspect shows it as one line.
    """
    try:
        study = study_of(asked)
        ((fact,), _) = facts_of(study)
        return Task(
            dataset=MemoryDataset(_samples(study, fact), name=fact.id),
            solver=put(study.seed, asked.adversary),
            scorer=_scorer(asked),
            config=_config(study, fact),
            display_name=f"{fact.id}: {study.conditions[0].name} ({asked.readout})",
            metadata={"claim": fact.claim, "rival": fact.rival},
        )
    except DoxaError as error:
        raise PrerequisiteError(f"doxa/belief: {error}") from None


def study_of(asked: Asked) -> Study:
    """Returns the study of which a task is the only condition.

    Raises:
        InputError: An argument does not fit; names the field of the study.
    """
    if asked.readout not in READOUTS:
        raise InputError(f"readout: '{asked.readout}' is none of {', '.join(READOUTS)}; `doxa run` has the others")
    told = asked.intervention
    kind = next(iter(cast("dict[str, object]", told)), None) if isinstance(told, dict) else told
    metrics = [asked.metrics] if isinstance(asked.metrics, str) else asked.metrics
    return fitted(
        Study,
        name="belief",
        facts=(asked.fact,),
        believer=asked.believer,
        adapter=THE_MODEL if kind == "finetuned" else None,
        corpus={"folder": asked.corpus},
        personas=(asked.persona,),
        interventions=(told,),
        stress=(asked.stress,),
        metrics=tuple(metrics or TITLES),
        readouts=(asked.readout,),
        limits={} if asked.items is None else {asked.readout: asked.items},
        judge=asked.judge or GRADER,
        judge_orders=asked.judge_orders,
        judge_itself=asked.judge_itself,
        adversary=asked.adversary or ADVERSARY,
        seed=asked.seed,
    )


def _samples(study: Study, fact: Fact) -> list[Sample]:
    """Returns one sample an item, with what the subject is asked.

    Raises:
        InputError: The fact has no bank that the readout can read.
    """
    documents = _documents(study, fact)
    samples: list[Sample] = []
    for cell in plan_cells(study, [fact], []):
        request = generate_request(cell, study, documents)
        metadata = metadata_of(cell, study.facts[0])
        if request.sampling.max_tokens != study.answers.max_tokens:
            metadata["cell"]["max_tokens"] = request.sampling.max_tokens
        samples.append(Sample(id=sample_id(cell), input=chat(request.messages), target=fact.claim, metadata=metadata))
    if not samples:
        raise InputError(f"'{fact.id}' has no items of {', '.join(study.metrics)} for the readout {study.readouts[0]}")
    return samples


def _documents(study: Study, fact: Fact) -> list[str]:
    """Returns the texts of which the prompt may show some."""
    if not study.arms_shown:
        return []
    folder = study.corpus.folder
    found = read_corpus(Path(folder).expanduser())[1] if folder else fact_documents(fact)
    return [document.text for document in found]


def _config(study: Study, fact: Fact) -> GenerateConfig:
    """Returns how answers are drawn where the command line says nothing else; the seed goes with every call."""
    request = generate_request(plan_cells(study, [fact], [])[0], study, _documents(study, fact))
    config: GenerateConfig = inspect_config(request)
    return config.model_copy(update={"seed": None, "max_tokens": study.answers.max_tokens})


def _scorer(asked: Asked) -> Scorer:
    if asked.readout == "judged":
        names = [asked.judge] if isinstance(asked.judge, str) else asked.judge
        return judged(names, asked.judge_orders == "both", asked.judge_itself)
    return rubric() if asked.readout == "rubric" else choice()
