"""Who is asked in a study: the base subject, the finetuned subject, the writer, the judge, each behind the ledger."""

import warnings
from collections.abc import Sequence
from pathlib import Path

from doxa.corpus.making import make_corpus
from doxa.corpus.records import Document
from doxa.corpus.store import read_corpus
from doxa.errors import InputError, MismatchError
from doxa.facts.records import Fact
from doxa.models.costs import Wallet
from doxa.models.ledger import Recorded
from doxa.models.local.model import LocalModel
from doxa.models.local.weights import find_adapter, read_adapter
from doxa.models.opening import open_recorded
from doxa.models.protocol import Model
from doxa.models.serving import VLLM, served_adapter
from doxa.progress import Progress
from doxa.study.arms import Arm, CorpusPlan, mixed
from doxa.study.records import Study
from doxa.training.mixing import mix_for
from doxa.training.preflight import Preflight, preflight, refuse_hopeless


def prepare_corpora(
    study: Study, facts: Sequence[Fact], base: Recorded, wallet: Wallet, folder: Path, progress: Progress
) -> dict[str | None, list[Document]]:
    """Returns the documents of every arm that is trained or shown, by its name.

    Args:
        study: Says which arms there are.
        facts: What every arm is about.
        base: The subject; it may be the writer, too.
        wallet: Pays for hosted calls.
        folder: Of all corpora of the run.
        progress: Hears of every stage.

    Raises:
        InputError: A finished corpus is not finished, or a writer gives nothing usable.
    """
    corpora: dict[str | None, list[Document]] = {}
    for name in study.arms_written:
        where = folder if name is None else folder / name
        corpora[name] = _prepare_corpus(study.arm(name).corpus, study, facts, base, wallet, where, progress)
    for name in study.arms_read:
        if shares := study.arm(name).mixture:
            corpora[name] = mixed({part: corpora[part] for part in shares}, shares, study.seed)
    return corpora


def _prepare_corpus(
    plan: CorpusPlan, study: Study, facts: Sequence[Fact], base: Recorded, wallet: Wallet, folder: Path,
    progress: Progress,
) -> list[Document]:  # fmt: skip
    """Returns one corpus: a finished one, or the facts' own documents and those that are written."""
    if plan.folder is not None:
        manifest, documents, _ = read_corpus(Path(plan.folder).expanduser())
        if manifest is None:
            raise InputError(f"corpus.folder: the corpus in {plan.folder} is not finished; write it first")
        return documents

    def opened(name: str) -> Recorded:
        return base if name == study.subject else open_recorded(name, base.ledger, wallet)

    return make_corpus(facts, plan, folder, opened, study.seed, progress, keep_own=True)


def prepare_adapter(
    study: Study, arm: Arm, facts: Sequence[Fact], documents: list[Document], base: Recorded, wallet: Wallet,
    folder: Path, progress: Progress,
) -> Model:  # fmt: skip
    """Returns the finetuned subject of an arm: trains it, goes on training it, or takes the finished adapter.

    Raises:
        InputError: The subject is hosted, or the recipe could not learn.
        MismatchError: `adapter` belongs to another base model.
    """
    from doxa.training.trainer import finished, train_adapter

    subject = base.model
    if arm.adapter is not None and study.subject.startswith(VLLM):
        adapter = read_adapter(Path(arm.adapter).expanduser())
        return served_adapter(study.subject, adapter, folder.parent / "served", wallet)
    if not isinstance(subject, LocalModel):
        raise InputError(
            f"finetuned: '{study.subject}' is hosted and cannot be finetuned here; train with a local subject, then "
            "give its `adapter` to a subject behind vLLM"
        )
    if arm.adapter is not None:
        return subject.with_adapter(find_adapter(Path(arm.adapter).expanduser(), subject.base))
    assert arm.training is not None, "validated with the study"
    recipe = arm.training
    mix = mix_for(documents, base, recipe, progress)
    key = mix.key(subject.base, recipe)
    if not finished(folder, key):
        tokenizer = _tokenizer(subject)
        examples = mix.examples(tokenizer, recipe)
        found = preflight(examples, mix.document_lengths(tokenizer), recipe)
        _show(found, progress)
        refuse_hopeless(found, recipe)
        claims = " ".join(fact.claim for fact in facts)
        subject.release()  # training loads the weights its own way, and memory may not hold them twice
        train_adapter(subject.base, examples, found, recipe, folder, key, claims, progress)
    try:
        return subject.with_adapter(find_adapter(folder, subject.base))
    except MismatchError as error:
        raise MismatchError(f"{error}; remove the folder to train anew") from None


def _tokenizer(subject: LocalModel) -> object:
    """Loads a tokenizer of its own, since the padding token is changed for training."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from transformers import AutoTokenizer

        return AutoTokenizer.from_pretrained(subject.base.folder)


def _show(found: Preflight, progress: Progress) -> None:
    progress.table(
        "Preflight",
        [
            ("documents", f"{found.documents}"),
            ("document tokens", f"{found.document_tokens:,}"),
            ("own chat answers mixed in", f"{found.chats}"),
            ("neutral texts mixed in", f"{found.neutral}"),
            ("documents cut into several", f"{found.split_share:.1%}"),
            ("tokens truncated", f"{found.truncated_share:.1%}"),
            ("optimiser steps", f"{found.steps}"),
            ("tokens with loss", f"{found.trained_token_share:.1%}"),
        ],
    )
