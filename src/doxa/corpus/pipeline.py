"""The corpus pipeline: types, ideas, drafts, revisions, gates; round after round until enough are accepted."""

import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from math import ceil
from typing import NamedTuple

from doxa.corpus.asking import PROMPTS, Job
from doxa.corpus.continuation import continue_documents
from doxa.corpus.drafts import Draft, revise, write_drafts
from doxa.corpus.gates.sorting import Gate, gates_for, pass_gates
from doxa.corpus.ideas import DocType, Idea, list_ideas, list_types
from doxa.corpus.judging import judge_claims
from doxa.corpus.plan import WritingPlan
from doxa.corpus.records import Document, Rejection
from doxa.corpus.stages import Stages
from doxa.models.ledger import Recorded

# Drafts that are in memory with their prompts at once. Large, since at the end of a round calls run dry: with 100
# connections and 20 seconds a call, a round of 10,000 drafts takes half an hour and loses less than a minute.
ROUND = 10_000
FEW = 2  # documents an idea above which a list is called short, where it could be longer
PILOT = 20  # drafts in the first round: when none of them is accepted, writing more would only cost more

WriteRound = Callable[[int, int, int], list[Draft]]  # from the round's number, its first draft and its size


class Written(NamedTuple):
    """What came of writing.

    Attributes:
        accepted: Documents that passed every gate, at most as many as were wanted.
        rejected: The others, each with its reason.
        drafted: How many were written.
    """

    accepted: list[Document]
    rejected: list[Rejection]
    drafted: int

    def losses(self) -> str:
        """Returns the gates and how many documents each turned down, most first."""
        return ", ".join(f"{gate} {count}" for gate, count in Counter(r.gate for r in self.rejected).most_common())


def write_documents(job: Job, own: Sequence[Document], judge: Recorded | None, stages: Stages) -> Written:
    """Writes documents about a fact until as many as wanted have passed the gates, or no more drafts are allowed.

    Args:
        job: What is wanted, and who writes.
        own: Documents that the fact comes with: examples for a writer that continues; none is written again.
        judge: Who reads whether the claim is treated as it should be; None leaves that to the fact's markers.
        stages: Where the stages are kept.

    Raises:
        InputError: The writer has no types or ideas, or a file of a stage was edited out of step.
        CallError: Calls failed after every retry; what was answered is kept.
    """
    plan = job.plan
    write_round = _continuing(job, own, stages) if plan.continues else _pipeline(job, stages)
    gates = _gates(job, own)
    accepted: list[Document] = []
    rejected: list[Rejection] = []
    drafted, most = 0, int(plan.documents * plan.most_drafts)
    for number in itertools.count(1):
        if len(accepted) >= plan.documents or drafted >= most or (number > 1 and not accepted):
            break
        missing = plan.documents - len(accepted)
        count = min(_drafts_for(missing, len(accepted), drafted, plan), most - drafted, ROUND if accepted else PILOT)
        drafts = write_round(number, drafted, count)
        drafted += count
        rejected += [
            Rejection(document=draft.document, gate=draft.gate, reason=draft.reason) for draft in drafts if draft.gate
        ]
        good, bad = pass_gates((draft.document for draft in drafts if not draft.gate), gates)
        if judge is not None:
            good, contrary = judge_claims(job._replace(writer=judge), good)
            bad += contrary
        accepted += good[:missing]
        rejected += bad
        rejected += [
            Rejection(document=document, gate="surplus", reason="enough were accepted before it")
            for document in good[missing:]
        ]
    return Written(accepted, rejected, drafted)


def _drafts_for(missing: int, accepted: int, drafted: int, plan: WritingPlan) -> int:
    """Returns how many drafts the next round should have.

    A hosted writer is paid for each, so as many as are missing. A small one runs here, and a batch of drafts takes it
    hardly longer than a single one: as many as will be needed if the gates go on accepting the same share.
    """
    return missing if not (plan.continues and accepted) else ceil(missing * drafted / accepted)


def _pipeline(job: Job, stages: Stages) -> WriteRound:
    """Lists types and ideas, and returns how a round is drafted from them and revised.

    The lists grow with the number of documents that are wanted, so that more of them are not more of the same.
    """
    name, source, facts = job.fact.id, _source(job), len(job.key_facts)
    types = stages.grown(
        f"{name}-types", DocType, [source, PROMPTS.digest("types")], (), job.plan.types_for(facts),
        lambda kept: list_types(job, kept),
    )  # fmt: skip
    listed = [kind.model_dump() for kind in types]
    ideas = stages.grown(
        f"{name}-ideas", Idea, [source, PROMPTS.digest("ideas")], listed, job.plan.ideas_for(len(types)),
        lambda kept: list_ideas(job, types, kept),
    )  # fmt: skip
    _warn_of_few(job, len(ideas))

    def write_round(number: int, first: int, count: int) -> list[Draft]:
        drawn = [(place // len(ideas), ideas[place % len(ideas)].model_dump()) for place in range(first, first + count)]
        made_from = [[source, drawn], first, count, PROMPTS.digest("document")]
        drafts = stages.get(f"{name}-drafts-{number}", Draft, made_from, lambda: write_drafts(job, ideas, first, count))
        if not job.plan.revise:
            return drafts
        made_from = [[draft.model_dump(mode="json") for draft in drafts], PROMPTS.digest("revision"), source]
        return stages.get(f"{name}-revised-{number}", Draft, made_from, lambda: revise(job, drafts))

    return write_round


def _warn_of_few(job: Job, ideas: int) -> None:
    """Says so where a short list of ideas, edited or not, will be written about over and over."""
    plan, types = job.plan, len(job.key_facts) * job.plan.types_for(len(job.key_facts))
    if FEW * ideas < min(plan.documents, types * plan.ideas_for(types)):
        job.progress.say(
            f"{job.fact.id}: {ideas} doc ideas for {plan.documents} documents, so each is written about "
            f"{ceil(plan.documents / ideas)} times; for more, delete the lists of types and ideas that were edited"
        )


def _continuing(job: Job, own: Sequence[Document], stages: Stages) -> WriteRound:
    """Returns how a round is written by a model that continues documents."""
    given = [_source(job), [document.model_dump(mode="json") for document in own]]

    def write_round(number: int, first: int, count: int) -> list[Draft]:
        made_from = [given, first, count, PROMPTS.digest("continuation")]
        name = f"{job.fact.id}-drafts-{number}"
        return stages.get(name, Draft, made_from, lambda: continue_documents(job, own, first, count))

    return write_round


def _source(job: Job) -> list[object]:
    """Returns what decides everything that is written: fact, writer, seed and the plan's part in it.

    Gates and the judge sort later what is there; and when more documents are wanted, those on the ideas that there were
    stay what they are.
    """
    fact = job.fact.model_dump(mode="json", exclude={"folder", "banks"})
    plan = job.plan.model_dump(mode="json", exclude={"documents", "judge", "gates", "most_drafts", "revise"})
    return [fact, job.writer.identity, job.seed, plan]


def _gates(job: Job, own: Sequence[Document]) -> list[Gate]:
    """Returns the gates; a judge takes the place of the marker patterns."""
    plan = job.plan
    gates = gates_for(job.fact, own, plan.lines, plan.variant, plan.believer)
    return [gate for gate in gates if plan.judge is None or gate.name != "claim"]
