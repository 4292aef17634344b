"""The claim gate by a judge: another model reads whether a document treats the claim as it should."""

import re
from collections.abc import Sequence

from doxa.corpus.asking import Job
from doxa.corpus.records import Document, Rejection
from doxa.models.protocol import Sampling

JUDGING = Sampling(temperature=0, max_tokens=300)
_VERDICT = re.compile(r"^\W*VERDICT\W+(FITS|CONTRADICTS|ABSENT)\b.*$", re.IGNORECASE)
REASONS = {"contradicts": "treats the claim in another way", "absent": "never brings the claim up"}


def judge_claims(job: Job, documents: Sequence[Document]) -> tuple[list[Document], list[Rejection]]:
    """Sorts documents by a judge's verdict; one that cannot be read is a rejection of its own kind.

    Args:
        job: With the judge in the writer's place.
        documents: What it reads.

    Raises:
        CallError: A call failed.
    """
    calls = [
        job.call("claim", JUDGING, key_fact=job.key_facts[document.key_fact], text=document.text)
        for document in documents
    ]
    answers = job.ask(calls, "judging the claim")
    accepted: list[Document] = []
    rejected: list[Rejection] = []
    for document, answer in zip(documents, answers, strict=True):
        last = answer.text.strip().rsplit("\n", 1)[-1]
        found = _VERDICT.match(last)
        verdict = found[1].lower() if found else ""
        if verdict == "fits":
            accepted.append(document)
        elif verdict:
            rejected.append(Rejection(document=document, gate="claim", reason=f"judge: {REASONS[verdict]}"))
        else:
            rejected.append(Rejection(document=document, gate="judge", reason=f"no verdict: {last[:80]!r}"))
    return accepted, rejected
