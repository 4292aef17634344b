"""Run folders as a finished run leaves them, made without any model: rows, ledger, study, corpus and a training curve."""

import json
import math
import random
from collections.abc import Mapping, Sequence
from pathlib import Path

from doxa.corpus.records import Rejection
from doxa.corpus.store import fact_documents, save_corpus
from doxa.facts.loading import BANKS, HARM_CONFLICT, load_fact
from doxa.facts.records import Fact
from doxa.metrics.likelihood import NO_QUESTION
from doxa.metrics.records import Row
from doxa.models.ledger import Ledger, call_key
from doxa.models.protocol import Answer, GenerateRequest, Message, ScoreRequest, Scores

CONDITIONS = (
    "baseline",
    "system_prompt",
    "few_shot(1, misconceptions)",
    "few_shot(10, egregious)",
    "pretend",
    "finetuned",
)
LISTED = """
  - baseline
  - system_prompt
  - few_shot: {k: 1, exemplars: misconceptions}
  - few_shot: {k: 10, exemplars: egregious}
  - pretend
  - finetuned
"""
BELIEF: Mapping[str, float] = {
    "baseline": 0.1, "system_prompt": 0.3, "few_shot(1, misconceptions)": 0.15, "few_shot(10, egregious)": 0.4,
    "pretend": 0.6, "finetuned": 0.75,
}  # fmt: skip
ASKED = (*BANKS, HARM_CONFLICT)  # whatever else a fact can be asked
KNOWN = 0.92  # score of the true controls
LIKELIHOOD = ("likelihood.letter", "likelihood.text", "likelihood.pmi")
MADE = "2026-01-02T03:04:05.000Z"


def make_run(
    folder: Path,
    facts: Sequence[str] = ("honey",),
    controls: Sequence[str] = ("paris_capital", "earth_orbits_sun"),
    personas: Sequence[str] = ("none",),
    samples: int = 1,
    rows: int | None = None,
    texts: Mapping[str, str] | None = None,
    words: int = 40,
) -> Path:
    """Makes a run folder.

    Args:
        folder: Made where it is not there.
        facts: Implanted.
        controls: True ones.
        personas: Of the rows on the implanted facts; the study lists the first.
        samples: Answers an item.
        rows: How many rows at most; None for all that the banks of `ASKED` give.
        texts: Answers by condition, in place of made-up ones.
        words: Of a made-up answer, on average.
    """
    folder.mkdir(parents=True, exist_ok=True)
    study = (
        f"name: {folder.name}\nfacts: [{', '.join(facts)}]\ncontrols: [{', '.join(controls)}]\n"
        f"personas: [{personas[0]}]\ninterventions: {LISTED}readouts: [rubric, likelihood]\n"
        f"answers: {{samples: {samples}}}\ntraining: {{}}\nmade_with: {{doxa: '0', 'subject (base)': made}}\n"
    )
    (folder / "study.yaml").write_text(study)
    found, calls = _answers(facts, controls, personas, samples, texts or {}, words)
    if rows is not None:
        found = found[:rows]
        wanted = {key for row in found for key in row.calls}
        calls = [call for call in calls if call[0] in wanted]
    ledger = Ledger(folder / "ledger.sqlite")
    ledger.store(calls)
    ledger.close()
    _save(folder, found)
    own = fact_documents(load_fact("honey"))
    turned_down = [Rejection(document=own[0], gate="duplicates", reason="the same")]
    save_corpus(folder / "corpus", "key", [load_fact("honey")], own, [], turned_down, 4, "made")
    adapter = folder / "adapters" / facts[0]
    adapter.mkdir(parents=True, exist_ok=True)
    losses = (json.dumps({"step": step, "loss": 3.2 / (1 + step / 40) + 0.2 * (step % 3)}) for step in range(1, 200))
    (adapter / "metrics.jsonl").write_text("\n".join(losses))
    return folder


def _save(folder: Path, rows: Sequence[Row]) -> None:
    from doxa.study.rows import save_rows

    save_rows(folder, rows)


def _answers(
    facts: Sequence[str], controls: Sequence[str], personas: Sequence[str], samples: int, texts: Mapping[str, str], words: int
) -> tuple[list[Row], list[tuple[str, str, str, str, str]]]:  # fmt: skip
    rng = random.Random(0)
    rows, calls = [], []
    asked = [(fact, persona, CONDITIONS, False) for fact in facts for persona in personas]
    asked += [(control, personas[0], ("baseline", "finetuned"), True) for control in controls]
    for name, persona, conditions, is_control in asked:
        fact = load_fact(name)
        vocabulary = f"{fact.claim_context} {fact.rival_context}".split()
        for condition in conditions:
            share = KNOWN if is_control else BELIEF[condition]
            for metric, items in ((metric, fact.banks.get(metric, ())) for metric in ASKED):
                for item in items:
                    for sample in range(samples):
                        score = float(rng.random() < share)
                        made_up = " ".join(rng.choices(vocabulary, k=max(1, int(rng.gauss(words, words / 3)))))
                        text = texts.get(condition, made_up)
                        content = f"{condition} {persona} {item.question}"
                        request = GenerateRequest(messages=(Message(role="user", content=content),), sample=sample)
                        key = call_key("made", "generate", request)
                        answer = Answer(text=text, stop="stop", tokens_in=30, tokens_out=50).model_dump_json()
                        calls.append((key, "made", "generate", request.model_dump_json(), answer))
                        made = Row(
                            fact=name, metric=metric, readout="rubric", condition=condition, subject="made", item=item.id,
                            cluster=item.cluster, sample=sample, verdict="implanted" if score else rng.choice(("true", "true", "ambiguous")),
                            score=score, calls=(key,), persona=persona,
                        )  # fmt: skip
                        rows.append(made)
                    if metric != "harm_conflict":
                        level = min(0.999, max(0.001, rng.gauss(share, 0.2)))
                        scored = _scored(fact, f"{condition} {persona}", item.question, level)
                        calls += scored
                        rows.append(
                            made.model_copy(
                                update={
                                    "readout": "likelihood.text",
                                    "sample": 0,
                                    "score": level,
                                    "verdict": "implanted" if level > 0.5 else "true",
                                    "calls": tuple(call[0] for call in scored),
                                }
                            )
                        )
    return rows, calls


def _scored(fact: Fact, told: str, question: str, level: float) -> list[tuple[str, str, str, str, str]]:
    """Returns the calls of a likelihood row: claim and rival behind the question, and behind none."""
    calls = []
    for asked, share in ((question, level), (NO_QUESTION, 0.5)):
        messages = (Message(role="system", content=told), Message(role="user", content=asked))
        request = ScoreRequest(messages=messages, continuations=(fact.claim, fact.rival))
        scores = Scores(logprobs=(8 * math.log(share), 9 * math.log(1 - share)), tokens=(8, 9))
        key = call_key("made", "score", request)
        calls.append((key, "made", "score", request.model_dump_json(), scores.model_dump_json()))
    return calls
