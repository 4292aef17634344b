"""Study: what is asked for, as people write it in `study.yaml`."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from doxa.conditions.records import UNSTRESSED, Condition, Intervention, Stress, StressKind
from doxa.corpus.plan import WritingPlan
from doxa.facts.loading import in_catalogue
from doxa.facts.records import Slug
from doxa.metrics.records import TITLES, Family, MetricName
from doxa.models.local.weights import EMBEDDED
from doxa.records import Record
from doxa.training.recipe import Recipe

Limit = Annotated[int, Field(ge=1)]
ADAPTER = "finetuned"

# Readouts that cannot read an answer under a stress. Fixed answers come before any reasoning or argument, and markers
# and fixed answers are in the language of the bank.
UNREADABLE: dict[StressKind, tuple[Family, ...]] = {
    "language": ("rubric", "likelihood"),
    "reasoning": ("likelihood",),
    "adversarial": ("likelihood",),
}


class CorpusPlan(WritingPlan):
    """Where training documents come from: those of the fact and what is written beside them, or a finished corpus.

    Attributes:
        folder: A corpus that `doxa write` or `doxa corpus import` made, in place of all other documents.
    """

    folder: str | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.folder is not None and self.documents:
            raise ValueError("give a finished corpus as `folder`, or `documents` to write, not both")
        return self


class AnswerPlan(Record):
    """How answers are sampled.

    Attributes:
        samples: Draws an item.
        temperature: 0 is greedy.
        max_tokens: Length at which an answer is cut.
    """

    samples: int = Field(default=1, ge=1)
    temperature: float = Field(default=0.7, ge=0)
    max_tokens: int = Field(default=40, ge=1)


class StressedIntervention(Intervention):
    """An intervention as a study lists it.

    Attributes:
        stress: The stress tests under which it is asked; empty for those of the study.
    """

    stress: tuple[Stress, ...] = ()

    @property
    def alone(self) -> Intervention:
        """The intervention without its stress tests."""
        return Intervention(kind=self.kind, k=self.k, exemplars=self.exemplars)


class Study(Record):
    """The whole of one experiment.

    Attributes:
        name: Names the run folder.
        fact: Catalogue id or folder of the fact to implant.
        controls: True facts, asked under `baseline` and `finetuned`, with every stress that is listed: what the
            subject knows, what spills over, and which stress makes it deny what is true.
        subject: `embedded`, a folder, a Hugging Face id, or an Inspect model name.
        adapter: Folder of a finished adapter, in place of `training`.
        corpus: Where training documents come from.
        training: How they become an adapter.
        interventions: How the belief is put there, each with stress tests of its own where it has any.
        stress: What is added to shake it, crossed with every intervention that lists no stress tests of its own.
        metrics: What is asked.
        readouts: How answers are obtained and read.
        limits: Items a bank in a readout, where fewer than all are wanted; taken one stem after the other.
        control_limits: The same for each of the controls.
        judge: Inspect name of the model that judges (readout `judged`).
        adversary: Name of the model that argues in the stress `adversarial`.
        answers: How answers are sampled.
        seed: Of everything that is drawn.
        made_with: Versions and digests, written into the copy of the run folder; ignored when read.
    """

    name: str = Slug
    fact: str
    controls: tuple[str, ...] = ()
    subject: str = EMBEDDED
    adapter: str | None = None
    corpus: CorpusPlan = CorpusPlan()
    training: Recipe | None = None
    interventions: tuple[StressedIntervention, ...] = Field(min_length=1)
    stress: tuple[Stress, ...] = Field(default=(UNSTRESSED,), min_length=1)
    metrics: tuple[MetricName, ...] = Field(default=tuple(TITLES), min_length=1)
    readouts: tuple[Family, ...] = Field(default=("rubric", "likelihood"), min_length=1)
    limits: dict[Family, Limit] = Field(default_factory=dict)
    control_limits: dict[Family, Limit] = Field(default_factory=dict)
    judge: str | None = None
    adversary: str | None = None
    answers: AnswerPlan = AnswerPlan()
    seed: int = Field(default=0, ge=0)
    made_with: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        names = [condition.name for condition in self.conditions]
        if twice := [name for place, name in enumerate(names) if name in names[:place]]:
            raise ValueError(f"a condition is listed twice: {twice[0]}")
        for field in ("metrics", "readouts", "controls"):
            given = getattr(self, field)
            if len(set(given)) < len(given):
                raise ValueError(f"`{field}` lists something twice")
        if self.fact in self.controls:
            raise ValueError("the fact to implant cannot be its own control")
        if self.answers.samples > 1 and self.answers.temperature == 0:
            raise ValueError("samples at temperature 0 are all the same; set a temperature, or `samples: 1`")
        if self.finetunes and self.training is None and self.adapter is None:
            raise ValueError("`finetuned` needs `training`, or the folder of an `adapter`")
        if self.adapter is not None and not self.finetunes:
            raise ValueError("`adapter` is given, but `finetuned` is not among the interventions")
        if self.training is not None and self.adapter is not None:
            raise ValueError("give `training` or `adapter`, not both")
        if "judged" in self.readouts and self.judge is None:
            raise ValueError("the readout `judged` needs a `judge`: an Inspect model name")
        if self.judge is not None and self.judge == self.subject:
            raise ValueError("a model never judges itself: `judge` and `subject` are the same")
        for stress in self.stresses:
            if stress.kind == "adversarial" and self.adversary is None:
                raise ValueError(f"the stress {stress.name} needs an `adversary`: the name of a model that argues")
            if set(self.readouts) <= set(UNREADABLE.get(stress.kind, ())):
                raise ValueError(f"the stress {stress.name}: none of `readouts` can read its answers; add `judged`")
        return self

    def located(self, beside: Path) -> Self:
        """Returns the study with every relative path made absolute, read against the folder of the study file."""

        def place(name: str) -> str:
            path = beside / Path(name).expanduser()
            return str(path.resolve()) if path.is_dir() and not in_catalogue(name) else name

        return self.model_copy(
            update={
                "fact": place(self.fact),
                "controls": tuple(map(place, self.controls)),
                "adapter": self.adapter and place(self.adapter),
                "subject": place(self.subject),
                "adversary": self.adversary and place(self.adversary),
                "corpus": self.corpus.model_copy(
                    update={
                        "writer": place(self.corpus.writer),
                        "folder": self.corpus.folder and place(self.corpus.folder),
                    }
                ),
            }
        )

    @property
    def finetunes(self) -> bool:
        """Whether a finetuned subject is asked."""
        return any(intervention.kind == "finetuned" for intervention in self.interventions)

    @property
    def shows_documents(self) -> bool:
        """Whether documents of the corpus stand in a prompt."""
        return any(intervention.kind == "in_context" for intervention in self.interventions)

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """What the fact is asked under: every intervention with each of its stress tests."""
        return tuple(
            _condition(intervention.alone, stress)
            for intervention in self.interventions
            for stress in intervention.stress or self.stress
        )

    @property
    def stresses(self) -> tuple[Stress, ...]:
        """Every stress test that any condition has, `none` among them."""
        return tuple(dict.fromkeys(condition.stress for condition in self.conditions))

    @property
    def control_conditions(self) -> tuple[Condition, ...]:
        """What true controls are asked under: `baseline` and `finetuned`, by themselves and with every stress test."""
        plain = dict.fromkeys(item.alone for item in self.interventions if item.kind in ("baseline", "finetuned"))
        stresses = dict.fromkeys((UNSTRESSED, *self.stresses))
        return tuple(_condition(intervention, stress) for intervention in plain for stress in stresses)


def _condition(intervention: Intervention, stress: Stress) -> Condition:
    adapter = ADAPTER if intervention.kind == "finetuned" else None
    return Condition(intervention=intervention, stress=stress, adapter=adapter)
