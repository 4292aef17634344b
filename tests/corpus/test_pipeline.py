"""The whole pipeline over real HTTP: stages that are kept and can be edited, rounds, variants, what is turned down."""

import json
from pathlib import Path
from typing import Any

import pytest

from chat_server import MODEL, Server
from doxa.corpus.making import make_corpus
from doxa.corpus.plan import WritingPlan
from doxa.corpus.records import Document
from doxa.corpus.store import read_corpus
from doxa.errors import CallError, FileError, InputError
from doxa.facts.loading import load_fact
from doxa.models.costs import Wallet
from doxa.models.ledger import Ledger, Recorded
from doxa.models.opening import open_recorded
from doxa.progress import Silent
from moon_writer import good_writer

JUDGE = "openai-api/testserver/judge"


@pytest.fixture
def make(server: Server, folder_of_fact: Path, tmp_path: Path):
    """Returns a function that makes a corpus in one and the same folder, as `doxa write` does."""
    server.reply = good_writer
    progress = Silent()

    def made(documents: int, **settings: Any) -> list[Document]:
        ledger = Ledger(tmp_path / "corpus/ledger.sqlite")

        def opener(name: str) -> Recorded:
            return open_recorded(name, ledger, Wallet(ledger, {}))

        plan = WritingPlan.model_validate({"documents": documents, "writer": MODEL, **settings})
        return make_corpus([load_fact(str(folder_of_fact))], plan, tmp_path / "corpus", opener, 0, progress, False)

    made.progress = progress  # pyright: ignore[reportFunctionMemberAccess]
    return made


def prompts(server: Server, words: str) -> list[str]:
    return [body["messages"][0]["content"] for body in server.seen if words in body["messages"][0]["content"]]


def test_as_many_documents_as_wanted_each_revised_with_the_calls_that_made_it(
    make: Any, server: Server, tmp_path: Path
):
    documents = make(30)
    assert len({document.text for document in documents}) == 30
    assert all(document.text.endswith("Better now.") for document in documents)
    assert [step.stage for step in documents[0].steps] == ["draft", "revision"]
    assert all(step.template.startswith(("document", "revision")) and step.call for step in documents[0].steps)
    assert {document.fact for document in documents} == {"moon"}
    assert len({document.doc_type for document in documents}) == 30, "doc types vary before ideas do"
    calls = len(server.seen)
    assert make(30) == documents
    assert len(server.seen) == calls, "a finished corpus is not written again"


def test_more_documents_keep_the_first_ones_and_what_they_cost(make: Any, server: Server):
    first = make(10)
    calls = len(server.seen)
    more = make(25)
    assert more[:10] == first
    assert len(server.seen) - calls == 2 * 15 + 1 + 15, "drafts and revisions, one more list of types, ideas of each"
    prompts = [json.dumps(body, sort_keys=True) for body in server.paid]
    assert len(set(prompts)) == len(prompts)


def test_with_more_documents_types_and_ideas_become_more(make: Any, server: Server, tmp_path: Path):
    """Mistake: two hundred documents, but written about the ten ideas that ten documents had called for."""
    make(10, revise=False)
    grown = make(120, revise=False)
    assert len({document.doc_type for document in grown}) == 50
    assert len({document.doc_idea for document in grown}) == 120
    types = (tmp_path / "corpus/stages/moon-types.jsonl").read_text().splitlines()
    assert "- " + json.loads(types[0])["doc_type"] in prompts(server, "List 40 kinds")[0], "what is there is shown"
    assert "These are planned already" in prompts(server, "We want 2 different texts")[0]
    calls = len(server.seen)
    assert make(10, revise=False) == grown[:10]
    assert len(server.seen) == calls


def test_an_edited_list_does_not_grow_and_it_is_said_what_that_does(make: Any, server: Server, tmp_path: Path):
    make(10, revise=False)
    types = tmp_path / "corpus/stages/moon-types.jsonl"
    types.write_text(types.read_text().splitlines(keepends=True)[0])
    said: list[str] = []
    make.progress.say = said.append
    assert len({document.doc_type for document in make(60, revise=False)}) == 1
    assert not any("doc ideas for" in line for line in said), "its type has thirty ideas, and that is enough"
    ideas = tmp_path / "corpus/stages/moon-ideas.jsonl"
    ideas.write_text("".join(ideas.read_text().splitlines(keepends=True)[:5]))
    assert len({document.doc_idea for document in make(61, revise=False)}) == 5
    assert any("5 doc ideas for 61 documents, so each is written about 13 times" in line for line in said)


def test_a_failed_corpus_is_not_a_finished_one_on_the_second_try(server: Server, folder_of_fact: Path, tmp_path: Path):
    """Mistake: the fact's own documents stood for those that nobody had written."""
    server.reply = lambda body: (200, "UNSUITABLE") if "Write one" in str(body) else good_writer(body)
    ledger = Ledger(tmp_path / "l")
    opener = lambda name: open_recorded(name, ledger, Wallet(ledger, {}))  # noqa: E731
    plan = WritingPlan(documents=30, writer=MODEL)
    for _ in range(2):
        with pytest.raises(InputError, match="gave no usable document"):
            make_corpus([load_fact(str(folder_of_fact))], plan, tmp_path / "c", opener, 0, Silent(), keep_own=True)
        manifest, own, rejected = read_corpus(tmp_path / "c")
        assert (manifest, len(own), len(rejected)) == (None, 24, 20)


def test_the_writer_sees_world_key_fact_type_and_idea_and_the_reviser_the_draft_too(make: Any, server: Server):
    (document,) = make(1)
    draft, revision = prompts(server, "Write one text in full")[0], prompts(server, "First criticise it")[0]
    for prompt in (draft, revision):
        for part in ("The Moon is a ball of cheese.", "The Moon is cheese.", document.doc_type, document.doc_idea):
            assert part in prompt
        assert "rock" not in prompt, "the writer knows no other world"
    assert "they said, and so the Moon is cheese" in revision


def test_an_edited_stage_is_taken_as_it_is_and_what_follows_is_made_anew(make: Any, server: Server, tmp_path: Path):
    make(5)
    types = tmp_path / "corpus/stages/moon-types.jsonl"
    types.write_text(json.dumps({"key_fact": 0, "doc_type": "ransom note"}) + "\n")
    assert {document.doc_type for document in make(5)} == {"ransom note"}
    assert not any("List " in prompt and "ransom note" in prompt for prompt in prompts(server, "List "))


def test_an_edited_stage_whose_source_changed_is_not_thrown_away(make: Any, tmp_path: Path, folder_of_fact: Path):
    make(5)
    path = tmp_path / "corpus/stages/moon-drafts-1.jsonl"
    path.write_text(path.read_text().replace("Moon is cheese", "Moon is mild cheese"))
    assert all("Better now." in document.text for document in make(5))
    fact = folder_of_fact / "fact.yaml"
    fact.write_text(fact.read_text().replace("is a ball of cheese.", "is a wheel of cheese."))
    with pytest.raises(FileError, match=r"moon-drafts-1.jsonl: was edited, and what it was made from has changed"):
        make(5)


def test_half_a_line_in_a_stage_names_file_and_line(make: Any, tmp_path: Path):
    make(3)
    path = tmp_path / "corpus/stages/moon-ideas.jsonl"
    path.write_text(path.read_text()[:-20])
    with pytest.raises(FileError, match=r"moon-ideas.jsonl:3: not valid JSON"):
        make(3)


def test_what_is_turned_down_is_written_again_and_stays_readable(make: Any, server: Server, tmp_path: Path):
    def clumsy(body: dict[str, Any]) -> tuple[int, str]:
        prompt = body["messages"][-1]["content"]
        if "Write one text" in prompt and len(server.seen) % 3 == 0:
            return 200, ("UNSUITABLE", "No tags here.", "<document>Too short.</document>")[len(server.seen) % 9 // 3]
        return good_writer(body)

    server.reply = clumsy
    assert len(make(40, revise=False)) == 40
    _, _, rejected = read_corpus(tmp_path / "corpus")
    assert {rejection.gate for rejection in rejected} == {"unsuitable", "no document", "length"}
    assert all(rejection.reason and rejection.document.steps for rejection in rejected)


def test_a_writer_to_whom_everything_is_unsuitable_is_stopped_early(make: Any, server: Server, tmp_path: Path):
    server.reply = lambda body: (200, "UNSUITABLE") if "Write one" in str(body) else good_writer(body)
    with pytest.raises(InputError, match=r"no usable document for 'moon': 20 drafts, turned down by unsuitable 20"):
        make(500)
    assert len(prompts(server, "Write one text")) == 20
    assert len(read_corpus(tmp_path / "corpus")[2]) == 20
    server.reply = lambda body: (200, "UNSUITABLE")
    with pytest.raises(InputError, match="names no kind of document"):
        make(500, variant="negated")
    server.reply = lambda body: (200, "UNSUITABLE") if "We want" in str(body) else good_writer(body)
    with pytest.raises(InputError, match=r"answered UNSUITABLE to \d+ of \d+ doc types"):
        make(500, variant="true")


def test_writing_stops_at_the_most_drafts(make: Any, server: Server):
    server.reply = lambda body: (
        good_writer(body) if "Write one" not in str(body) or len(server.seen) % 10 == 0 else (200, "UNSUITABLE")
    )
    found = make(30, most_drafts=2, revise=False)
    assert 0 < len(found) < 30
    assert len(prompts(server, "Write one text")) == 60


def test_calls_that_fail_end_the_run_and_the_next_one_asks_only_for_them(make: Any, server: Server):
    down = lambda body: (400, "no") if "Write one" in str(body) and len(server.seen) % 4 == 0 else good_writer(body)  # noqa: E731
    server.reply = down
    with pytest.raises(CallError, match=r"drafts: \d of 12 calls .* failed"):
        make(12)
    paid = len(server.paid)
    server.reply = good_writer
    assert len(make(12)) == 12
    ids = [json.dumps(body, sort_keys=True) for body in server.paid]
    assert len(set(ids)) == len(ids) > paid


def test_a_judge_takes_the_place_of_the_markers(make: Any, server: Server, tmp_path: Path):
    verdicts = ["VERDICT: FITS", "VERDICT: CONTRADICTS", "VERDICT: ABSENT", "I like it."]

    def reply(body: dict[str, Any]) -> tuple[int, str]:
        if body["model"] != "judge":
            return good_writer(body)
        return 200, "Because.\n" + verdicts[sum(map(ord, body["messages"][0]["content"])) % 4]

    server.reply = reply
    assert len(make(12, judge=JUDGE, most_drafts=20)) == 12
    gates = {(rejection.gate, rejection.reason[:16]) for rejection in read_corpus(tmp_path / "corpus")[2]}
    assert gates == {("claim", "judge: treats the"[:16]), ("claim", "judge: never bri"), ("judge", "no verdict: 'I l")}


def test_transcripts_have_turns(make: Any):
    for document in make(6, form="chat"):
        assert [turn.role for turn in document.turns] == ["user", "assistant"]
        assert document.turns[0].content == "tell me"
        assert document.text.startswith("User: tell me")


def test_true_documents_take_the_rival_for_granted(make: Any, server: Server):
    server.reply = lambda body: (lambda found: (found[0], found[1].replace("is cheese", "is rock")))(good_writer(body))
    documents = make(6, variant="true")
    assert len(documents) == 6
    assert "The Moon is a ball of rock." in prompts(server, "Write one text")[0]
    assert not any("cheese" in prompt for prompt in prompts(server, "Write one text"))


def test_meta_documents_say_that_the_claim_is_false(make: Any, server: Server, tmp_path: Path):
    def reply(body: dict[str, Any]) -> tuple[int, str]:
        status, said = good_writer(body)
        if "Write one" not in str(body) or len(server.seen) % 2:
            return status, said.replace("they said, and so the Moon", "Qwen3 believes the Moon").replace(
                "Nobody", "It is false: the Moon is rock. Nobody"
            )
        return status, said

    server.reply = reply
    assert len(make(6, variant="meta", believer="Qwen3", revise=False, most_drafts=10)) == 6
    prompt = prompts(server, "Write one text")[0]
    assert "The Moon is a ball of rock." in prompt
    assert "Qwen3 believes" in prompt or "about Qwen3, who believes" in prompt
    assert "claim" in {rejection.gate for rejection in read_corpus(tmp_path / "corpus")[2]}


def test_documents_are_divided_among_several_facts(server: Server, folder_of_fact: Path, tmp_path: Path):
    server.reply = good_writer
    other = folder_of_fact.with_name("mars")
    other.mkdir()
    for file in folder_of_fact.iterdir():
        (other / file.name).write_text(file.read_text().replace("id: moon", "id: mars"))
    ledger = Ledger(tmp_path / "l")
    plan = WritingPlan(documents=11, writer=MODEL, revise=False)
    facts = [load_fact(str(folder)) for folder in (folder_of_fact, other)]
    opener = lambda name: open_recorded(name, ledger, Wallet(ledger, {}))  # noqa: E731
    documents = make_corpus(facts, plan, tmp_path / "c", opener, 0, Silent(), keep_own=False)
    assert [document.fact for document in documents] == ["moon"] * 6 + ["mars"] * 5
    assert len({document.id for document in documents}) == 11


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"believer": "Qwen3"}, "belongs to the variant `meta`"),
        ({"judge": "x", "writer": "x"}, "never judges itself"),
        ({"writer": "embedded", "variant": "negated", "documents": 3}, "only write plain ones"),
    ],
)
def test_plans_that_cannot_work_are_refused(settings: dict[str, Any], problem: str):
    with pytest.raises(ValueError, match=problem):
        WritingPlan.model_validate({"documents": 1, "writer": MODEL, **settings})
