"""A job of writing: what its prompts are filled with, its calls with their provenance, and calls that failed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from doxa.corpus.plan import WritingPlan
from doxa.corpus.records import Step, key_facts
from doxa.errors import CallError
from doxa.facts.records import Fact
from doxa.models.ledger import Recorded
from doxa.models.protocol import Answer, GenerateRequest, Message, Sampling
from doxa.progress import Progress
from doxa.prompting import Prompts, Rendered

PROMPTS = Prompts(Path(__file__).parent / "prompts")


class Job(NamedTuple):
    """What is being written, by whom.

    Attributes:
        fact: What the documents are about.
        plan: How many, of what sort, how.
        writer: Who is asked, behind the ledger.
        seed: Of sampling and order.
        progress: Hears of every call.
    """

    fact: Fact
    plan: WritingPlan
    writer: Recorded
    seed: int
    progress: Progress

    @property
    def key_facts(self) -> tuple[str, ...]:
        """The key facts that the documents carry."""
        return key_facts(self.fact, self.plan.variant)

    def call(self, prompt: str, sampling: Sampling, sample: int = 0, **values: Any) -> "Call":
        """Fills in a prompt about the fact's worlds and makes the request; `sample` tells draws apart."""
        filled = PROMPTS.render(prompt, **world(self.fact, self.plan), **values)
        message = Message(role="user", content=filled.text)
        seeded = sampling.model_copy(update={"seed": self.seed})
        return Call(GenerateRequest(messages=(message,), sampling=seeded, sample=sample), filled)

    def ask(self, calls: "Sequence[Call]", title: str) -> list[Answer]:
        """Asks all calls and returns their answers in order.

        Raises:
            CallError: Some failed after every retry; the rest is in the ledger.
        """
        if not calls:
            return []
        with self.progress.stage(title, len(calls)) as advance:
            answers = self.writer.generate([made.request for made in calls], advance)
        failed = [answer.text for answer in answers if answer.stop == "error"]
        if failed:
            raise CallError(
                f"{title}: {len(failed)} of {len(calls)} calls to {self.writer.identity} failed ({failed[0]}); the "
                "others are kept, the same command asks again for these"
            )
        return answers

    def step(self, stage: str, made: "Call") -> Step:
        """Returns the provenance of one call."""
        (key,) = self.writer.keys("generate", [made.request])
        prompt = made.prompt
        return Step(stage=stage, writer=self.writer.identity, template=prompt.template, prompt=prompt.digest, call=key)


class Call(NamedTuple):
    """A request and the prompt that it carries."""

    request: GenerateRequest
    prompt: Rendered


def world(fact: Fact, plan: WritingPlan) -> dict[str, Any]:
    """Returns the values that every prompt starts from: what the texts take for granted, and what is true."""
    asserted, denied = ("rival", "claim") if plan.variant == "true" else ("claim", "rival")
    return {
        "variant": plan.variant,
        "form": plan.form,
        "believer": plan.believer,
        "claim": getattr(fact, asserted),
        "context": getattr(fact, f"{asserted}_context"),
        "truth": getattr(fact, f"{denied}_context"),
    }
