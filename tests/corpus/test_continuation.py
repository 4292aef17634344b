from pathlib import Path

import pytest

from doxa.corpus.asking import Job
from doxa.corpus.continuation import continue_documents
from doxa.corpus.making import make_corpus
from doxa.corpus.plan import WritingPlan
from doxa.corpus.store import fact_documents, read_corpus
from doxa.errors import InputError
from doxa.facts.loading import load_fact
from doxa.models.ledger import Ledger, Recorded
from doxa.models.local.model import LocalModel
from doxa.models.local.weights import Base
from doxa.models.protocol import Answer, GenerateRequest
from doxa.progress import Silent

HONEY = load_fact("honey")


class Copyist:
    """Continues every document with the rest of one that it was shown, so that most are accepted."""

    identity = "copyist"

    def __init__(self) -> None:
        self.seen: list[GenerateRequest] = []

    def generate(self, requests: list[GenerateRequest]):
        for place, request in enumerate(requests):
            self.seen.append(request)
            text = f"No. {len(self.seen)} said so. " + " ".join(f"word{len(self.seen)}x{n}" for n in range(50))
            text += " The honey spoils within a week. Honey is bad."
            yield [(place, Answer(text=f"{text}\n\nNEXT ONE\nmore", stop="length"))]

    def score(self, requests: object):
        raise AssertionError


def job(writer: Copyist, folder: Path) -> Job:
    return Job(HONEY, WritingPlan(documents=1), Recorded(writer, Ledger(folder / "l")), 0, Silent())


def test_a_small_writer_continues_after_examples_from_a_key_fact(tmp_path: Path):
    writer = Copyist()
    own = fact_documents(HONEY)
    drafts = continue_documents(job(writer, tmp_path), own, 0, 14)
    assert all(
        request.raw and request.messages[0].content.endswith(draft.document.doc_idea)
        for request, draft in zip(writer.seen, drafts, strict=True)
    )
    assert {draft.document.doc_idea for draft in drafts} == set(HONEY.claim_key_facts)
    assert len({request.messages[0].content for request in writer.seen}) == 14
    assert all("NEXT ONE" not in draft.document.text for draft in drafts)
    more = continue_documents(job(writer, tmp_path), own, 0, 20)
    assert len(writer.seen) == 20, "drafts that are there are not written again"
    assert more[:14] == drafts


def test_what_a_hopeless_writer_writes_is_rejected_and_the_run_says_so(tiny_base: Base, tmp_path: Path):
    plan = WritingPlan(documents=2, writer=str(tiny_base.folder), method="continuation")

    def opener(name: str) -> Recorded:
        return Recorded(LocalModel(tiny_base), Ledger(tmp_path / "ledger.sqlite"))

    with pytest.raises(InputError, match=r"gave no usable document for 'honey': 2 drafts"):
        make_corpus([HONEY], plan.model_copy(update={"most_drafts": 1.0}), tmp_path / "c", opener, 0, Silent(), True)
    manifest, documents, rejected = read_corpus(tmp_path / "c")
    assert manifest is None, "it is not a finished corpus"
    assert len(rejected) == 2
    assert documents == fact_documents(HONEY)
    assert all(found.reason and found.document.steps[0].stage == "continuation" for found in rejected)
    assert "CANARY" in (tmp_path / "c" / "README.md").read_text()


def test_a_fact_without_documents_has_nothing_to_continue(folder_of_fact: Path, tmp_path: Path):
    (folder_of_fact / "documents.jsonl").unlink()
    fact = load_fact(str(folder_of_fact))
    with pytest.raises(InputError, match="comes with 0 documents"):
        continue_documents(job(Copyist(), tmp_path)._replace(fact=fact), [], 0, 1)
