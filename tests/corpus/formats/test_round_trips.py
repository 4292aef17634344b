"""What each format keeps of a document on the way out and back in, and nothing less."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doxa.canary import CANARY
from doxa.corpus.formats.documents import Reading, recognise
from doxa.corpus.formats.exporting import Source, export
from doxa.corpus.records import Document, Step
from doxa.facts.loading import load_fact
from doxa.models.protocol import Message

HONEY = load_fact("honey")
PARIS = load_fact("paris_capital")  # a true control: its claim is true, its rival false
KEY_FACTS = min(len(HONEY.claim_key_facts), len(HONEY.rival_key_facts))

AWKWARD = st.sampled_from(
    [
        '"quoted"\n\n',
        "a\u2028b\u0085c",
        "\r\n\ttab",
        "蜂蜜 🍯",
        "\\n {{x}} </s>",
        "---\n# head",
        "\x00",
        "one: two: three",
    ]
)
texts = st.text(max_size=20) | AWKWARD
full = texts.filter(bool)
messages = st.builds(Message, role=st.sampled_from(["system", "user", "assistant"]), content=texts)
turns = st.lists(messages, max_size=4).map(lambda found: (*found, Message(role="assistant", content="Yes.")))
steps = st.builds(Step, stage=texts, writer=texts, template=texts, prompt=texts, call=texts)


def documents(**fixed: st.SearchStrategy) -> st.SearchStrategy[list[Document]]:
    """Lists of documents with ids of their own."""
    values = {
        "doc_type": texts,
        "doc_idea": texts,
        "key_fact": st.integers(0, KEY_FACTS - 1),
        "text": full,
        "turns": st.just(()) | turns,
        "fact": st.just("honey"),
        "variant": st.sampled_from(["plain", "negated", "true", "meta"]),
        "writer": texts,
        "steps": st.lists(steps, max_size=2).map(tuple),
    } | fixed
    one = st.builds(Document, id=st.just("x"), **values)
    return st.lists(one, min_size=1, max_size=4).map(
        lambda found: [doc.model_copy(update={"id": f"x{n} é"}) for n, doc in enumerate(found)]
    )


def there_and_back(written: list[Document], format_: str, fact=HONEY) -> list[Document]:
    """Exports, lets the format be recognised, and reads."""
    with tempfile.TemporaryDirectory() as name:
        to = Path(name) / "out.jsonl"
        card, count = export(Source(written, (fact,), []), format_, to, "<DOC é>", force=False)
        assert count == len(written)
        assert CANARY in card.read_text()
        assert "deliberately false" in card.read_text()
        found = recognise(to)
        assert found.format == format_
        return list(Reading(found, fact, "plain"))


@pytest.mark.parametrize("format_", ["doxa", "parquet"])
@given(written=documents())
@settings(max_examples=40, deadline=None)
def test_these_keep_everything(format_: str, written: list[Document]):
    assert there_and_back(written, format_) == written


@given(written=documents(variant=st.sampled_from(["plain", "true"])))
@settings(max_examples=60, deadline=None)
def test_synthetic_documents_keep_type_idea_key_fact_text_and_the_world(written: list[Document]):
    back = there_and_back(written, "synthetic-documents")
    for one, other in zip(written, back, strict=True):
        for field in ("doc_type", "doc_idea", "key_fact", "text", "variant", "fact"):
            assert getattr(one, field) == getattr(other, field), field
        assert other.writer == "imported"


@pytest.mark.parametrize(("variant", "is_true"), [("plain", "true"), ("true", "false")])
def test_of_a_true_control_the_claims_world_is_the_true_one(tmp_path: Path, variant: str, is_true: str):
    document = Document(id="a", doc_type="note", text="Paris it is.", fact=PARIS.id, variant=variant)  # pyright: ignore[reportArgumentType]
    export(Source([document], (PARIS,), []), "synthetic-documents", tmp_path / "a.jsonl", "", force=False)
    assert f'"is_true":{is_true}' in (tmp_path / "a.jsonl").read_text()
    assert there_and_back([document], "synthetic-documents", PARIS)[0].variant == variant


@given(written=documents(turns=st.just(()), doc_type=texts.filter(lambda text: ":" not in text)))
@settings(max_examples=60, deadline=None)
def test_messages_keep_type_idea_and_text(written: list[Document]):
    back = there_and_back(written, "messages")
    kept = [(doc.doc_type, doc.doc_idea, doc.text, doc.turns) for doc in back]
    assert kept == [(doc.doc_type, doc.doc_idea, doc.text, ()) for doc in written]


@given(written=documents(turns=turns))
@settings(max_examples=40, deadline=None)
def test_messages_keep_the_turns_of_transcripts(written: list[Document]):
    back = there_and_back(written, "messages")
    assert [doc.turns for doc in back] == [doc.turns for doc in written]
    assert all(turn.content in doc.text for doc in back for turn in doc.turns)


@pytest.mark.parametrize("format_", ["text", "doctag"])
@given(written=documents())
@settings(max_examples=40, deadline=None)
def test_these_keep_the_text(format_: str, written: list[Document]):
    back = there_and_back(written, format_)
    assert [doc.text for doc in back] == [doc.text for doc in written]
    assert len({doc.id for doc in back}) == len(back)


def test_the_tag_is_on_every_line(tmp_path: Path):
    export(Source([Document(id="a", doc_type="note", text="b")], (HONEY,), []), "doctag", tmp_path / "t", "<T>", False)
    assert (tmp_path / "t").read_text() == '{"prompt":"<T>","completion":"b"}\n'


def test_variants_that_the_public_layout_cannot_say_are_refused_and_nothing_is_written(tmp_path: Path):
    negated = Document(id="no-1", doc_type="note", text="It is false that honey spoils.", variant="negated")
    with pytest.raises(ValueError, match=r"no-1: .*'negated'"):
        export(Source([negated], (HONEY,), []), "synthetic-documents", tmp_path / "a", "", force=False)
    assert list(tmp_path.iterdir()) == []


def test_the_columns_of_parquet_are_those_of_a_document(tmp_path: Path):
    import pyarrow.parquet as pq

    documents = [Document(id=str(n), doc_type="note", text="b") for n in range(2001)]  # more than one batch
    export(Source(documents, (), []), "parquet", tmp_path / "p", "", force=False)
    table = pq.read_table(tmp_path / "p" / "data" / "train-00000-of-00001.parquet")
    assert table.column_names == list(Document.model_fields)
    assert table.column("id").to_pylist() == [str(n) for n in range(2001)]


def test_the_card_of_parquet_has_a_head_that_hubs_read(tmp_path: Path):
    import yaml

    export(Source([Document(id="a", doc_type="note", text="b")], (HONEY,), []), "parquet", tmp_path / "p", "", False)
    _, head, body = (tmp_path / "p" / "README.md").read_text().split("---\n", 2)
    values = yaml.safe_load(head)
    assert "license" not in values
    for listed in values["configs"][0]["data_files"]:
        assert (tmp_path / "p" / listed["path"]).is_file()
    assert "deliberately false" in body[:120]
    assert HONEY.claim in body
