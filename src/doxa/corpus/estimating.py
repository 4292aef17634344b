"""What writing a corpus would take: calls, tokens and dollars, before anything is asked."""

from collections.abc import Mapping, Sequence
from typing import Any

from doxa.corpus.asking import PROMPTS, world
from doxa.corpus.plan import WritingPlan
from doxa.corpus.records import key_facts
from doxa.facts.records import Fact
from doxa.models.costs import CHARACTERS_A_TOKEN, StageEstimate

# What answers come to, in tokens: a published document has about 500, a revision gives its critique first, a line of a
# list is short. Writers differ; after a run the ledger has the real figures.
DOCUMENT, CRITIQUE, IDEA, DOC_TYPE, VERDICT = 550, 200, 60, 10, 60


def estimate(facts: Sequence[Fact], plan: WritingPlan) -> list[StageEstimate]:
    """Estimates every stage, as if each draft passed the gates; where some do not, more are written.

    A writer that continues documents has one stage and is not priced: it runs here.
    """
    found: list[StageEstimate] = []
    for fact in facts:
        share = plan.model_copy(update={"documents": max(1, plan.documents // len(facts))})
        found += _of_continuation(fact, share) if plan.continues else _of_fact(fact, share)
    return found


def _of_continuation(fact: Fact, plan: WritingPlan) -> list[StageEstimate]:
    from doxa.corpus.continuation import EXAMPLES, SAMPLING

    tokens_in = plan.documents * EXAMPLES * SAMPLING.max_tokens
    return [
        StageEstimate(
            stage=f"{fact.id}: drafts", model=plan.writer, calls=plan.documents, tokens_in=tokens_in,
            tokens_out=plan.documents * SAMPLING.max_tokens,
        )
    ]  # fmt: skip


def _of_fact(fact: Fact, plan: WritingPlan) -> list[StageEstimate]:
    facts = key_facts(fact, plan.variant)
    types = plan.types_for(len(facts))
    ideas = plan.ideas_for(len(facts) * types)
    text = "x" * int(DOCUMENT * CHARACTERS_A_TOKEN)
    values = world(fact, plan) | {
        "key_fact": max(facts, key=len), "doc_type": "x" * 40, "doc_idea": "x" * 240, "draft": text, "text": text,
        "known": [],
    }  # fmt: skip
    documents = plan.documents
    stages = [
        ("doc types", len(facts), _tokens("types", values | {"count": types}), types * DOC_TYPE),
        ("doc ideas", len(facts) * types, _tokens("ideas", values | {"count": ideas}), ideas * IDEA),
        ("drafts", documents, _tokens("document", values), DOCUMENT),
    ]
    if plan.revise:
        stages.append(("revisions", documents, _tokens("revision", values), DOCUMENT + CRITIQUE))
    if plan.judge:
        stages.append(("judging the claim", documents, _tokens("claim", values), VERDICT))
    return [
        StageEstimate(
            stage=f"{fact.id}: {name}", model=plan.judge if name.startswith("judging") and plan.judge else plan.writer,
            calls=calls, tokens_in=calls * prompt, tokens_out=calls * answer,
        )
        for name, calls, prompt, answer in stages
    ]  # fmt: skip


def _tokens(name: str, values: Mapping[str, Any]) -> int:
    return round(len(PROMPTS.render(name, **values).text) / CHARACTERS_A_TOKEN)
