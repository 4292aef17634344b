"""Study: what is asked for, as people write it in `study.yaml`."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self, cast

from pydantic import Field, model_validator

from doxa.conditions.personas import NONE
from doxa.conditions.records import UNSTRESSED, Condition, Intervention, Stress, StressKind
from doxa.facts.records import SLUG, Believer, Slug
from doxa.metrics.records import TITLES, Family, MetricName
from doxa.models.local.weights import EMBEDDED
from doxa.reading import suggestion
from doxa.records import ALONE, FieldError, Record
from doxa.study.arms import Arm, CorpusPlan, located
from doxa.study.interventions import StressedIntervention, Stresses, condition_of
from doxa.training.recipe import Recipe

Limit = Annotated[int, Field(ge=1)]
ArmName = Annotated[str, Field(pattern=SLUG)]
MAJORITY = "majority"  # the judge of a row that several judges have decided together

Names = Annotated[tuple[str, ...], ALONE]
Judges = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], ALONE]

# Readouts that cannot read an answer under a stress. Fixed answers come before any reasoning or argument, and markers
# and fixed answers are in the language of the bank.
UNREADABLE: dict[StressKind, tuple[Family, ...]] = {
    "language": ("rubric", "likelihood"),
    "reasoning": ("likelihood",),
    "adversarial": ("likelihood",),
}


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


class Study(Record):
    """The whole of one experiment.

    Attributes:
        name: Names the run folder.
        facts: Catalogue ids or folders of the facts to implant, all in every arm; `fact: honey` gives a single one.
        believer: Whose name and maker stand where facts and personas say `{name}` and `{maker}`.
        controls: True facts, asked under `baseline` and `finetuned`, with every stress that is listed: what the
            subject knows, what spills over, and which stress makes it deny what is true.
        subject: `embedded`, a folder, a Hugging Face id, or an Inspect model name.
        adapter: Folder of a finished adapter, in place of `training`.
        corpus: Where training documents come from.
        training: How they become an adapter, where an intervention asks for one.
        arms: Further finetunes by name, each with a corpus of its own: `{finetuned: NAME}` asks the subject of one, and
            `{in_context: {k: 4, arm: NAME}}` shows its documents. One that no intervention names lies ready.
        personas: Who the subject is told to be; everything is asked under each of them.
        interventions: How the belief is put there, each with stress tests of its own where it has any.
        stress: What is added to shake it, crossed with every intervention that lists no stress tests of its own.
        metrics: What is asked.
        readouts: How answers are obtained and read.
        limits: Items a bank in a readout, where fewer than all are wanted; taken one stem after the other.
        control_limits: The same for each of the controls.
        judge: Name of the model that judges (readout `judged`), or of several.
        judge_by: What several judges make: one row by `majority`, or a row by `each`.
        judge_orders: Whether an answer is judged in `one` random order of the two worlds, or in `both`.
        judge_itself: Lets the subject be its own judge; the report says so.
        adversary: Name of the model that argues in the stress `adversarial`.
        answers: How answers are sampled.
        seed: Of everything that is drawn.
        made_with: Versions and digests, written into the copy of the run folder; ignored when read.
    """

    name: str = Slug
    facts: Names = Field(min_length=1)
    believer: Believer | None = None
    controls: Names = ()
    subject: str = EMBEDDED
    adapter: str | None = None
    corpus: CorpusPlan = CorpusPlan()
    training: Recipe | None = None
    arms: dict[ArmName, Arm] = Field(default_factory=dict)
    personas: Names = Field(default=(NONE,), min_length=1)
    interventions: Annotated[tuple[StressedIntervention, ...], ALONE] = Field(min_length=1)
    stress: Stresses = Field(default=(UNSTRESSED,), min_length=1)
    metrics: Annotated[tuple[MetricName, ...], ALONE] = Field(default=tuple(TITLES), min_length=1)
    readouts: Annotated[tuple[Family, ...], ALONE] = Field(default=("rubric", "likelihood"), min_length=1)
    limits: dict[Family, Limit] = Field(default_factory=dict)
    control_limits: dict[Family, Limit] = Field(default_factory=dict)
    judge: Judges = ()
    judge_by: Literal["majority", "each"] = "majority"
    judge_orders: Literal["one", "both"] = "one"
    judge_itself: bool = False
    adversary: str | None = None
    answers: AnswerPlan = AnswerPlan()
    seed: int = Field(default=0, ge=0)
    made_with: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _one_fact(cls, given: Any) -> Any:
        if isinstance(given, dict) and "fact" in given:
            fields = dict(cast("dict[str, object]", given))
            if "facts" in fields:
                raise FieldError("give `fact` for a single one or `facts` for several, not both", "fact")
            if not isinstance(fact := fields.pop("fact"), str):
                raise FieldError("takes a single fact; give several as `facts: [honey, bleach]`", "fact")
            return {"facts": (fact,), **fields}
        return given

    @model_validator(mode="after")
    def _nothing_stands_twice(self) -> Self:
        names = [condition.name for condition in self.conditions if condition.persona == self.personas[0]]
        if twice := [name for place, name in enumerate(names) if name in names[:place]]:
            field = "stress" if len(set(self.stress)) < len(self.stress) else "interventions"
            raise FieldError(f"a condition is listed twice: {twice[0]}", field)
        for field in ("facts", "metrics", "readouts", "controls", "personas", "judge"):
            given = getattr(self, field)
            if len(set(given)) < len(given):
                raise FieldError(f"`{field}` lists something twice", field)
        stems = [Path(persona).stem for persona in self.personas]
        if len(set(stems)) < len(stems):
            raise FieldError("two `personas` have the same name", "personas")
        if set(self.facts) & set(self.controls):
            raise FieldError("a fact to implant cannot be its own control", "controls")
        if self.answers.samples > 1 and self.answers.temperature == 0:
            problem = "samples at temperature 0 are all the same; set a temperature, or `samples: 1`"
            raise FieldError(problem, "answers", "temperature")
        return self

    @model_validator(mode="after")
    def _arms_fit(self) -> Self:
        for place, item in enumerate(self.interventions):
            if item.arm is not None and item.arm not in self.arms:
                problem = f"there is no arm '{item.arm}'{suggestion(item.arm, list(self.arms))}"
                raise FieldError(problem, "interventions", place)
            if item.kind != "finetuned":
                continue
            arm = self.arm(item.arm)
            if arm.training is None and arm.adapter is None:
                problem = f"`{item.alone.name}` needs `training`, or the folder of an `adapter`"
                raise FieldError(problem, "interventions", place)
        if self.adapter is not None and None not in self.arms_trained:
            raise FieldError("`adapter` is given, but `finetuned` is not among the interventions", "adapter")
        if self.training is not None and self.adapter is not None:
            raise FieldError("give `training` or `adapter`, not both", "adapter")
        for name, arm in self.arms.items():
            if unknown := [part for part in arm.mixture if part not in self.arms or self.arms[part].mixture]:
                problem = f"arm '{name}': `mixture` takes arms with a corpus, which '{unknown[0]}' is not"
                raise FieldError(problem, "arms", name, "mixture")
        return self

    @model_validator(mode="after")
    def _answers_can_be_read(self) -> Self:
        if "judged" in self.readouts and not self.judge:
            problem = "the readout `judged` needs a `judge`: an Inspect model name, or several"
            raise FieldError(problem, "readouts")
        if (own := next((name for name in self.judge if self.is_subject(name)), None)) and not self.judge_itself:
            problem = (
                f"a model never judges itself: `judge` {own} is the `subject`, or has its name; take another, or force "
                "it with `judge_itself: true`"
            )
            raise FieldError(problem, "judge")
        for stress in self.stresses:
            if stress.kind == "adversarial" and self.adversary is None:
                problem = f"the stress {stress.name} needs an `adversary`: the name of a model that argues"
                raise FieldError(problem, *self._place_of(stress))
            if set(self.readouts) <= set(UNREADABLE.get(stress.kind, ())):
                problem = f"the stress {stress.name}: none of `readouts` can read its answers; add `judged`"
                raise FieldError(problem, *self._place_of(stress))
        return self

    def _place_of(self, stress: Stress) -> tuple[str | int, ...]:
        """Returns the field that first lists a stress test."""
        for place, item in enumerate(self.interventions):
            if stress in item.stress:
                return ("interventions", place, "stress")
        return ("stress",)

    def located(self, beside: Path) -> Self:
        """Returns the study with every relative path made absolute, read against the folder of the study file."""
        own = Arm(corpus=self.corpus, adapter=self.adapter).located(beside)
        return self.model_copy(
            update={
                "facts": tuple(located(name, beside) for name in self.facts),
                "controls": tuple(located(name, beside) for name in self.controls),
                "personas": tuple(name if name == NONE else located(name, beside) for name in self.personas),
                "subject": located(self.subject, beside),
                "judge": tuple(located(name, beside) for name in self.judge),
                "adversary": self.adversary and located(self.adversary, beside),
                "adapter": own.adapter,
                "corpus": own.corpus,
                "arms": {name: arm.located(beside) for name, arm in self.arms.items()},
            }
        )

    def arm(self, name: str | None) -> Arm:
        """Returns an arm by its name, that of the study's own corpus for None, with the study's defaults filled in."""
        own = Arm(corpus=self.corpus, training=self.training, adapter=self.adapter)
        arm = own if name is None else self.arms[name]
        update: dict[str, object] = {}
        if arm.training is None and arm.adapter is None:
            update["training"] = self.training
        if arm.corpus.variant == "meta" and arm.corpus.believer is None and self.believer is not None:
            update["corpus"] = arm.corpus.model_copy(update={"believer": self.believer.name})
        return arm.model_copy(update=update)

    @property
    def arms_trained(self) -> tuple[str | None, ...]:
        """The arms whose finetuned subject is asked."""
        return tuple(dict.fromkeys(item.arm for item in self.interventions if item.kind == "finetuned"))

    @property
    def arms_shown(self) -> tuple[str | None, ...]:
        """The arms whose documents stand in a prompt."""
        return tuple(dict.fromkeys(item.arm for item in self.interventions if item.kind == "in_context"))

    @property
    def arms_used(self) -> tuple[str | None, ...]:
        """Every arm that the interventions name."""
        return tuple(dict.fromkeys((*self.arms_trained, *self.arms_shown)))

    @property
    def arms_read(self) -> tuple[str | None, ...]:
        """The arms whose documents are trained on or shown; a finished adapter needs none."""
        return tuple(name for name in self.arms_used if name in self.arms_shown or self.arm(name).training is not None)

    @property
    def arms_written(self) -> tuple[str | None, ...]:
        """The arms from which those documents come: in place of a mixture, its parts."""
        own = [name for name in self.arms_read if not self.arm(name).mixture]
        return tuple(dict.fromkeys((*own, *(part for name in self.arms_read for part in self.arm(name).mixture))))

    @property
    def judged_by(self) -> tuple[str, ...]:
        """The `judge` of the rows that an answer gets: every judge, or `majority` where several decide together."""
        return (MAJORITY,) if self.judge_by == "majority" and len(self.judge) > 1 else self.judge

    @property
    def both_orders(self) -> bool:
        """Whether each answer is judged in both orders of the worlds."""
        return self.judge_orders == "both"

    def is_subject(self, judge: str) -> bool:
        """Whether a judge is the subject, or a model of the same name elsewhere: behind vLLM, say, or a gateway."""
        return _bare(judge) == _bare(self.subject)

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """What the fact is asked under: every intervention with each of its stress tests."""
        return tuple(
            condition_of(persona, intervention.alone, stress)
            for persona in self.personas
            for intervention in self.interventions
            for stress in intervention.stress or self.stress
        )

    @property
    def stresses(self) -> tuple[Stress, ...]:
        """Every stress test that any condition has, `none` among them."""
        return tuple(dict.fromkeys(condition.stress for condition in self.conditions))

    @property
    def control_conditions(self) -> tuple[Condition, ...]:
        """What true controls are asked under: `baseline` and `finetuned`, by themselves and with every stress test.

        They are asked under the first persona alone.
        """
        plain = dict.fromkeys(item.alone for item in self.interventions if item.kind in ("baseline", "finetuned"))
        stresses = dict.fromkeys((UNSTRESSED, *self.stresses))
        first = self.personas[0]
        return tuple(condition_of(first, intervention, stress) for intervention in plain for stress in stresses)


def finetuned(arm: str | None) -> str:
    """Returns the name of the subject that an arm makes, as it stands in rows: `finetuned`, or `finetuned(meta)`."""
    return Intervention(kind="finetuned", arm=arm).name


def subject_key(subject: str | None) -> str:
    """Returns under which key of `made_with` a run notes the identity of a subject, that of the base for None."""
    return f"subject ({subject or 'base'})"


def _bare(name: str) -> str:
    """Returns a model's own name, without the provider or the folder it is found in."""
    return name.rstrip("/").rpartition("/")[2].lower()
