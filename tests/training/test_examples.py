from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doxa.corpus.records import Document
from doxa.errors import InputError
from doxa.models.local.weights import Base
from doxa.models.protocol import Message
from doxa.training.examples import IGNORED, Chat, chat_examples, text_examples, trained_tokens
from doxa.training.mixing import Mix
from doxa.training.preflight import preflight, refuse_hopeless
from doxa.training.recipe import Recipe

TEXTS = st.lists(st.text(alphabet="abc .", min_size=1, max_size=120), min_size=1, max_size=5)
SHARED = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def tokenizer(tiny_base: Base) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(tiny_base.folder)


@SHARED
@given(texts=TEXTS, length=st.integers(16, 64))
def test_no_token_is_lost_and_every_text_ends(tokenizer: Any, texts: list[str], length: int):
    """Mistakes: silent truncation at a maximum length; an end token that is masked, so the model never stops."""
    examples = text_examples(texts, "document", tokenizer, length)
    assert all(len(example.tokens) <= length for example in examples)
    assert all(example.labels == example.tokens for example in examples)
    together = [token for example in examples for token in example.tokens]
    wanted = [
        token
        for text in texts
        for token in [*tokenizer(text, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]
    ]
    assert together == wanted
    assert sum(example.tokens[-1] == tokenizer.eos_token_id for example in examples) == len(texts)


def test_a_sequence_never_holds_two_texts(tokenizer: Any):
    examples = text_examples(["ab", "cd"], "document", tokenizer, 64)
    assert [tokenizer.decode(example.tokens) for example in examples] == ["ab<end>", "cd<end>"]


@SHARED
@given(answer=st.text(alphabet="abc", min_size=1, max_size=90), finished=st.booleans(), length=st.integers(30, 60))
def test_a_chat_trains_its_whole_answer_and_only_that(tokenizer: Any, answer: str, finished: bool, length: int):
    examples = chat_examples([Chat("Hi?", answer, finished)], "chat", tokenizer, length)
    trained = [label for example in examples for label in example.labels if label != IGNORED]
    wanted = tokenizer(answer, add_special_tokens=False)["input_ids"] + [tokenizer.eos_token_id] * finished
    assert trained == wanted
    assert tokenizer.decode(examples[0].tokens).startswith("<bos><user>Hi?<end><assistant>")


def test_preflight_counts_and_refuses_what_cannot_learn(tokenizer: Any):
    """Mistake: packing left 1 to 3 optimiser steps, a false null."""
    recipe = Recipe(batch_size=4, epochs=2, max_length=16, min_steps=5)
    examples = text_examples(["a" * 40, "b" * 10, "c"], "document", tokenizer, 16)
    found = preflight(examples, [41, 11, 2], recipe)
    assert (found.documents, found.sequences, found.steps) == (3, 5, 4)
    assert found.truncated_share == 0
    assert found.split_share == pytest.approx(1 / 3)
    assert preflight(examples[1:], [41, 11, 2], recipe).truncated_share > 0
    assert found.trained_token_share == 1
    assert trained_tokens(examples) == found.document_tokens == 54
    with pytest.raises(InputError, match="only 4 optimiser steps"):
        refuse_hopeless(found, recipe)
    refuse_hopeless(found, recipe.model_copy(update={"min_steps": 4}))
    with pytest.raises(InputError, match="corpus is empty"):
        refuse_hopeless(preflight([], [], recipe), recipe)


def test_a_transcript_trains_every_answer_behind_the_turns_before_it(tokenizer: Any):
    turns = [
        Message(role="user", content="one?"), Message(role="assistant", content="two."),
        Message(role="user", content="three?"), Message(role="assistant", content="four."),
    ]  # fmt: skip
    transcript = Document(id="t", doc_type="chat", text="x", turns=tuple(turns))
    examples = Mix(documents=(transcript,), chats=(), neutral=()).examples(tokenizer, Recipe())
    trained = {
        tokenizer.decode([label for label in example.labels if label != IGNORED]): tokenizer.decode(example.tokens)
        for example in examples
    }
    assert set(trained) == {"two.<end>", "four.<end>"}
    assert trained["four.<end>"] == tokenizer.apply_chat_template([turn.model_dump() for turn in turns], tokenize=False)
