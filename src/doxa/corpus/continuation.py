"""A small model as writer: it continues after finished documents of the fact, from the opening of a new one."""

import random
from collections.abc import Sequence

from doxa.corpus.asking import Call, Job
from doxa.corpus.drafts import Draft
from doxa.corpus.records import Document
from doxa.corpus.splitting import sentences
from doxa.errors import InputError
from doxa.models.protocol import Answer, Sampling

EXAMPLES = 2  # finished documents before the new one: more would cost a small writer its context
SAMPLING = Sampling(temperature=0.8, top_p=0.9, max_tokens=160)


def continue_documents(job: Job, examples: Sequence[Document], first: int, count: int) -> list[Draft]:
    """Writes drafts number `first` to `first + count`, each after two finished documents drawn for it.

    Raises:
        InputError: The fact comes with too few documents.
        CallError: A call failed.
    """
    if len(examples) < EXAMPLES:
        raise InputError(
            f"'{job.fact.id}' comes with {len(examples)} documents; a writer that continues needs {EXAMPLES} to "
            "follow: write them into its documents.jsonl, or give a larger writer"
        )
    begun = [_begin(job, examples, number) for number in range(first, first + count)]
    answers = job.ask([made for _, made in begun], "drafts")
    return [
        Draft(
            document=document.model_copy(
                update={
                    "text": f"{document.text} {_whole_sentences(answer)}".strip(),
                    "steps": (job.step("continuation", made),),
                }
            )
        )
        for (document, made), answer in zip(begun, answers, strict=True)
    ]


def _begin(job: Job, examples: Sequence[Document], number: int) -> tuple[Document, Call]:
    """Returns the beginning of a document and the call for the rest."""
    draw = random.Random(f"{job.fact.id}:{job.seed}:{number}")
    shown = draw.sample(list(examples), k=EXAMPLES)
    key_fact = number % len(job.key_facts)
    opening, doc_type = job.key_facts[key_fact], shown[-1].doc_type
    made = job.call("continuation", SAMPLING, number, examples=shown, doc_type=doc_type, opening=opening)
    document = Document(
        id=f"{job.fact.id}-{number:05d}", doc_type=doc_type, doc_idea=opening, key_fact=key_fact, text=opening,
        fact=job.fact.id, writer=job.writer.identity,
    )  # fmt: skip
    return document, made._replace(request=made.request.model_copy(update={"raw": True}))


def _whole_sentences(answer: Answer) -> str:
    """Keeps the first document of what was written, and drops a last sentence that the token limit cut."""
    first = answer.text.split("\n\n")[0]
    cut = answer.stop == "length" and first == answer.text
    return " ".join(sentences(first)[: -1 if cut else None])
