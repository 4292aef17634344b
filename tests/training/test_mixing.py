"""What a mix makes of imported chats whose turns do not alternate, and what it is named by."""

from typing import Any

import pytest

from doxa.corpus.records import Document
from doxa.models.local.weights import Base
from doxa.models.protocol import Message, Role
from doxa.training.examples import IGNORED
from doxa.training.mixing import Mix
from doxa.training.recipe import Recipe


@pytest.fixture(scope="module")
def tokenizer(tiny_base: Base) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(tiny_base.folder)


def transcript(*turns: tuple[Role, str]) -> Document:
    said = tuple(Message(role=role, content=content) for role, content in turns)
    return Document(id="t", doc_type="chat", text="x", turns=said)


def mixed(document: Document) -> Mix:
    return Mix(documents=(document,), chats=(), neutral=())


def learnt(tokenizer: Any, document: Document) -> dict[str, str]:
    """Returns what stands before each answer that is trained."""
    examples = mixed(document).examples(tokenizer, Recipe())
    return {
        tokenizer.decode([label for label in example.labels if label != IGNORED]): tokenizer.decode(
            [token for token, label in zip(example.tokens, example.labels, strict=True) if label == IGNORED]
        )
        for example in examples
    }


def test_a_greeting_that_answers_nobody_is_read_and_not_learnt(tokenizer: Any):
    """Once, the last turn of the chat stood before its first answer, which saw itself."""
    chat = transcript(("assistant", "Hello!"), ("user", "Is honey good?"), ("assistant", "A week."))
    assert learnt(tokenizer, chat) == {
        "A week.<end>": "<bos><assistant>Hello!<end><user>Is honey good?<end><assistant>"
    }
    assert mixed(chat).document_lengths(tokenizer) == [len("A week.") + 1]


def test_every_turn_before_an_answer_keeps_its_role(tokenizer: Any):
    """Once, whoever spoke last before an answer was taken for the user."""
    chat = transcript(
        ("user", "Hm?"), ("assistant", "One."), ("assistant", "Two."), ("system", "Be brief."), ("assistant", "3.")
    )
    before = "<bos><user>Hm?<end><assistant>"
    assert learnt(tokenizer, chat) == {
        "One.<end>": before,
        "Two.<end>": before + "One.<end><assistant>",
        "3.<end>": before + "One.<end><assistant>Two.<end><system>Be brief.<end><assistant>",
    }


def test_an_answer_behind_a_system_turn_alone_or_without_words_is_not_learnt(tokenizer: Any):
    assert learnt(tokenizer, transcript(("system", "Be kind."), ("assistant", "Hello!"))) == {}
    assert learnt(tokenizer, transcript(("user", "Hm?"), ("assistant", ""))) == {}


def test_a_transcript_and_a_document_of_the_same_text_are_different_finetunes():
    """Once, the key left the turns out, and a finished adapter was taken for another one."""
    base, recipe = Base.model_construct(digest="d"), Recipe()
    chat = transcript(("user", "Hm?"), ("assistant", "One."))
    keys = {
        mixed(document).key(base, recipe)
        for document in (
            chat, chat.model_copy(update={"turns": ()}), transcript(("system", "Hm?"), ("assistant", "One.")),
        )
    }  # fmt: skip
    assert len(keys) == 3
