"""The sections on how a run was made: corpus health, training, cost and versions."""

import json
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from doxa.corpus.profile import Profile, histogram, profile
from doxa.corpus.records import Document, Rejection
from doxa.corpus.store import load_manifest, read_corpus
from doxa.errors import DoxaError
from doxa.report.calls import Spent, usage
from doxa.report.figures import counts, curve
from doxa.report.run import Run
from doxa.report.sections import Cell, Figure, Section, Table
from doxa.study.records import finetuned
from doxa.study.running import adapter_folder, corpus_folder

PROFILED = 2000  # documents whose variety is measured: about 5 s; more would keep a report waiting
TOP = 10  # names of a count that are drawn


def corpus_section(run: Run) -> Section | None:
    """Shows how healthy the corpus of each arm is."""
    parts: list[Figure | Table] = []
    lines: list[str] = []
    for arm in _arms(run):
        given = run.study.arm(arm).corpus.folder
        folder = Path(given).expanduser() if given else corpus_folder(run.folder, arm)
        if not (folder / "documents.jsonl").is_file():
            if given:
                lines.append(f"{_of(arm)}: {folder} holds none any more.")
            continue
        try:
            manifest, documents, rejected = load_manifest(folder), *read_corpus(folder)[1:]
        except DoxaError as error:
            lines.append(f"{_of(arm)} cannot be read: {error}")
            continue
        if manifest is not None:
            share = f" ({manifest.accepted / manifest.drafted:.0%})" if manifest.drafted else ""
            lines.append(
                f"{_of(arm)}: {manifest.hand_written} documents written by hand; of {manifest.drafted} drafts by the "
                f"writer {manifest.accepted} passed the gates{share}."
            )
        parts += _profiled(arm, documents, rejected)
    if not parts and not lines:
        return None
    return Section("corpus", "Is the corpus healthy?", tuple(lines), tuple(parts))


def _profiled(arm: str | None, documents: Sequence[Document], rejected: Sequence[Rejection]) -> list[Figure | Table]:
    found = _counted(profile(_spread(documents), _spread(rejected)), documents, rejected)
    wholes = (("documents", documents), ("turned down", rejected))
    taken = [f"{PROFILED:,} of the {len(whole):,} {what}" for what, whole in wholes if len(whole) > PROFILED]
    note = ""
    if taken:
        note = f"Distinct-n, near-duplicates, names and openings are of {' and '.join(taken)}, evenly spread; "
        note += "`doxa corpus show` takes them all."
    rows: list[tuple[Cell, ...]] = [
        ("documents", found.documents),
        ("turned down", found.rejected),
        ("words", found.words),
        ("words a document, median", found.median_words),
        *((f"distinct-{n}", round(share, 3)) for n, share in enumerate(found.distinct, start=1)),
        (f"in groups of near-duplicates (from {found.near_duplicate:g})", found.clusters.documents),
        ("the same, with those turned down", found.clusters_of_all.documents),
        *((f"of type {name}", number) for name, number in found.types.items()),
        *((f"turned down by {gate}", number) for gate, number in found.losses.items()),
        *((f"by {writer}", number) for writer, number in found.writers.items()),
        *((f"name in several: {one.text}", one.documents) for one in found.names),
        *((f"opening of several: {one.text}", one.documents) for one in found.openings),
    ]
    table = Table(f"{_of(arm)}: profile", ("what", "number"), rows)
    return [Figure(f"{_of(arm)}: lengths and doc types", _drawings(found), table, note)]


def _counted(found: Profile, documents: Sequence[Document], rejected: Sequence[Rejection]) -> Profile:
    """Returns a profile with everything in it that is quick to count counted over whole lists."""
    lengths = [len(document.text.split()) for document in documents]
    update: dict[str, object] = {
        "documents": len(documents),
        "rejected": len(rejected),
        "words": sum(lengths),
        "median_words": median(lengths) if lengths else 0.0,
        "lengths": histogram(lengths),
        "types": dict(Counter(document.doc_type for document in documents).most_common()),
        "writers": dict(Counter(document.writer for document in documents).most_common()),
        "losses": dict(Counter(rejection.gate for rejection in rejected).most_common()),
    }
    return found.model_copy(update=update)


def _drawings(found: Profile) -> tuple[str, ...]:
    lengths = [
        (f"{one.low} words and more" if one.high is None else f"{one.low} to {one.high} words", one.documents)
        for one in found.lengths
    ]
    types = list(found.types.items())
    kinds = f"Doc type ({TOP} of {len(types)})" if len(types) > TOP else "Doc type"
    drawn = (("Length", lengths), (kinds, types[:TOP]))
    return tuple(counts(title, numbers) for title, numbers in drawn if numbers)


def _spread(whole: Sequence[Any]) -> list[Any]:
    """Returns up to `PROFILED` of them, evenly spread."""
    step = max(1.0, len(whole) / PROFILED)
    return [whole[int(place * step)] for place in range(min(len(whole), PROFILED))]


def training_section(run: Run) -> Section | None:
    """Shows the loss of each finetune and what it was trained on."""
    words: list[str] = []
    parts: list[Figure | Table] = []
    for arm in run.study.arms_trained:
        folder = adapter_folder(run.folder, arm, run.facts.implanted)
        if seen := _preflight(folder):
            words.append(
                f"{finetuned(arm)}: {seen['documents']} documents ({seen['document_tokens']:,} tokens), "
                f"{seen['chats']} own chat answers, {seen['neutral']} neutral texts; {seen['steps']} steps; "
                f"{seen['trained_token_share']:.0%} of tokens carry loss; {seen['truncated_share']:.0%} truncated."
            )
        losses = _losses(folder / "metrics.jsonl")
        if losses:
            title = f"Training, {finetuned(arm)}"
            drawing = curve(f"loss of {finetuned(arm)}", losses, "optimiser step", "loss")
            table = Table(title, ("step", "loss"), list(enumerate(losses, start=1)))
            parts.append(Figure(title, (drawing,), table, "Dots are steps, the line is their running mean."))
    return Section("training", "Training", tuple(words), tuple(parts)) if words or parts else None


def taught_with(run: Run) -> list[str]:
    """Says on how many documents and in how many steps each finetune was trained, where the run knows it."""
    return [
        f"{finetuned(arm)}: {seen['documents']:,} documents, {seen['steps']:,} training steps"
        for arm in run.study.arms_trained
        if (seen := _preflight(adapter_folder(run.folder, arm, run.facts.implanted)))
    ]


def cost_section(run: Run) -> Section:
    """Says what was asked of which model, and with what versions."""
    rows = [_spent(one) for one in usage(run.folder)]
    columns = ("model", "kind", "calls", "tokens in", "tokens out", "first call (UTC)", "last call (UTC)")
    made_with: list[tuple[Cell, ...]] = list(run.study.made_with.items())
    tables = [Table("Calls", columns, rows), Table("Made with", ("what", "version or digest"), made_with)]
    words = (
        "Every call is in ledger.sqlite beside this page, with its prompt and its answer; every verdict is in "
        "rows.parquet.",
    )
    return Section("cost", "Cost and provenance", words, tuple(table for table in tables if table.rows))


def _spent(one: Spent) -> tuple[Cell, ...]:
    """Returns a line on calls. Calls that score fixed answers note no tokens: a zero would say that they cost none."""
    tokens = (None, None) if one.kind == "score" else (one.tokens_in, one.tokens_out)
    return one.model, one.kind, one.calls, *tokens, _to_the_minute(one.first), _to_the_minute(one.last)


def _to_the_minute(made: str) -> str:
    """Returns "2026-01-02 03:04" of a time as the ledger has it."""
    return made[:16].replace("T", " ")


def _arms(run: Run) -> list[str | None]:
    """Returns the arms that have a corpus of their own, those of mixtures among them."""
    study = run.study
    parts = [part for name in study.arms_used if name is not None for part in study.arms[name].mixture]
    return list(dict.fromkeys((*study.arms_used, *parts, None)))


def _of(arm: str | None) -> str:
    return "Corpus" if arm is None else f"Corpus of {arm}"


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _preflight(folder: Path) -> Any:
    """Returns what a finetune was trained on, as its manifest has it; None where it has none."""
    made = _json(folder / "manifest.json")
    return made["preflight"] if made and "preflight" in made else None


def _losses(path: Path) -> list[float]:
    """Returns the losses that are noted so far; a line that is being written does not count."""
    losses: list[float] = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        try:
            losses.append(float(json.loads(line)["loss"]))
        except (ValueError, KeyError):
            continue
    return [loss for loss in losses if math.isfinite(loss)]
