"""Make a corpus in a folder: what the facts bring along, what a writer adds, what the gates let through."""

from collections.abc import Callable, Sequence
from pathlib import Path

from doxa.corpus.asking import Job
from doxa.corpus.gates.sorting import gates_for, pass_gates
from doxa.corpus.pipeline import Written, write_documents
from doxa.corpus.plan import WritingPlan
from doxa.corpus.records import Document, Rejection
from doxa.corpus.stages import Stages
from doxa.corpus.store import corpus_key, fact_documents, load_corpus, save_corpus
from doxa.errors import InputError
from doxa.facts.records import Fact
from doxa.models.ledger import Recorded
from doxa.progress import Progress

STAGES = "stages"

Opener = Callable[[str], Recorded]


def make_corpus(
    facts: Sequence[Fact],
    plan: WritingPlan,
    folder: Path,
    opener: Opener,
    seed: int,
    progress: Progress,
    keep_own: bool,
) -> list[Document]:
    """Returns the corpus of some facts: the finished one of the folder, or a new one.

    Args:
        facts: What it is about; the wanted documents are divided evenly among them.
        plan: What is to be written.
        folder: Where the corpus, its stages and its rejections go.
        opener: Opens a model by name, behind the ledger.
        seed: Of sampling and order.
        progress: Hears of every stage.
        keep_own: Whether the documents that come with the facts are part of it.

    Raises:
        InputError: Documents were wanted, and not one was accepted; the rejections are kept, and the corpus is not
            finished.
        CallError: Calls failed after every retry; what was answered is kept.
    """
    writer = opener(plan.writer) if plan.documents else None
    judge = opener(plan.judge) if plan.documents and plan.judge else None
    stages = Stages(folder / STAGES)
    if plan.variant == "meta" and plan.believer is None:
        raise InputError("variant 'meta': name the `believer` whom the documents speak of")
    own = {fact.id: fact_documents(fact, plan.variant) for fact in facts}
    asked = [model.identity for model in (writer, judge) if model is not None]
    settings = [plan.model_dump(mode="json"), asked, seed, keep_own]
    key = corpus_key(facts, [document for documents in own.values() for document in documents], settings)
    if kept := load_corpus(folder, f"{key}-{stages.fingerprint()}"):
        return kept
    hand_written: list[Document] = []
    accepted: list[Document] = []
    rejected: list[Rejection] = []
    drafted = 0
    for fact, count in zip(facts, _shares(plan.documents, len(facts)), strict=True):
        passed, refused = pass_gates(own[fact.id], gates_for(fact, variant=plan.variant, believer=plan.believer))
        if refused:
            progress.say(f"{len(refused)} of the documents that come with '{fact.id}' do not pass the gates")
        if keep_own:
            hand_written += passed
            rejected += refused
        if writer is not None and count:
            share = plan.model_copy(update={"documents": count})
            written = write_documents(Job(fact, share, writer, seed, progress), passed, judge, stages)
            accepted += written.accepted
            rejected += written.rejected
            drafted += written.drafted
            progress.say(_outcome(fact, share, written))
    failed = plan.documents > 0 and not accepted
    save_corpus(
        folder, f"{key}-{stages.fingerprint()}", facts, hand_written, accepted, rejected, drafted,
        writer.identity if writer else "", finished=not failed,
    )  # fmt: skip
    if failed:
        raise InputError(_nothing(facts, plan, rejected, drafted, folder))
    return [*hand_written, *accepted]


def _shares(total: int, parts: int) -> list[int]:
    return [total // parts + (place < total % parts) for place in range(parts)]


def _outcome(fact: Fact, plan: WritingPlan, written: Written) -> str:
    """Says how writing went, acceptance rate and all."""
    found = len(written.accepted)
    line = f"{fact.id}: {found} of {written.drafted} drafts accepted ({found / max(1, written.drafted):.0%})"
    if written.rejected:
        line += f"; turned down by {written.losses()}"
    if found < plan.documents:
        line += f". {plan.documents} were wanted: allow more drafts, look at the rejections, or take another writer"
    return line


def _nothing(
    facts: Sequence[Fact], plan: WritingPlan, rejected: Sequence[Rejection], drafted: int, folder: Path
) -> str:
    """Says why not one document was accepted."""
    losses = Written([], list(rejected), drafted).losses()
    names = ", ".join(f"'{fact.id}'" for fact in facts)
    return (
        f"the writer '{plan.writer}' gave no usable document for {names}: {drafted} drafts, turned down by {losses}; "
        f"see {folder / 'rejected.jsonl'}"
    )
