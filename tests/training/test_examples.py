import math
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


TURNS = st.lists(st.text(alphabet="abc ", max_size=60), max_size=6)


@SHARED
@given(
    TURNS, st.text(alphabet="abc", max_size=90), st.text(alphabet="abc", min_size=1, max_size=90), st.integers(16, 64)
)
def test_half_of_a_sequence_is_left_for_the_answer_however_long_the_chat(
    tokenizer: Any, before: list[str], prompt: str, answer: str, length: int
):
    """Once, a prompt as long as a sequence left room for one token of the answer, and each had its own sequence."""
    earlier = (Message(role=("user", "assistant")[n % 2], content=said) for n, said in enumerate(before))
    chat = Chat("Hi?" + prompt, answer, True, tuple(earlier))
    examples = chat_examples([chat], "chat", tokenizer, length)
    learnt = [label for example in examples for label in example.labels[1:] if label != IGNORED]
    assert learnt == [*tokenizer(answer, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]
    assert all(len(example.tokens) == len(example.labels) <= length for example in examples)
    assert len(examples) <= math.ceil(len(learnt) / (length // 2))


def test_the_earliest_turns_are_left_out_first_and_then_the_beginning_of_the_last_one(tokenizer: Any):
    earlier = (
        Message(role="system", content="Be kind."), Message(role="user", content="one" * 9),
        Message(role="assistant", content="two" * 9), Message(role="user", content="three"),
        Message(role="assistant", content="four"),
    )  # fmt: skip
    chat = Chat("five", "six", True, earlier)

    def asked(length: int) -> str:
        (example,) = chat_examples([chat], "chat", tokenizer, length)
        assert example.labels[-4:] == example.tokens[-4:] == tokenizer("six<end>")["input_ids"]
        return tokenizer.decode(example.tokens[:-4])

    whole = "<bos><system>Be kind.<end><user>three<end><assistant>four<end><user>five<end><assistant>"
    assert asked(200).count("one") == 9, "what fits is kept, though it takes more than half"
    assert asked(64) == whole
    assert asked(34) == whole.replace("<user>three<end><assistant>four<end>", "")
    assert asked(16) == "<bos>nd.<end><user>five<end><assistant>"


def test_transcripts_with_long_turns_make_a_sequence_an_answer(tokenizer: Any):
    """Once, 50 transcripts of three exchanges became thousands of sequences of one token without loss."""
    recipe = Recipe(max_length=64, batch_size=8, epochs=1)
    turns = tuple(
        Message(role=role, content=said) for role, said in (("user", "q" * 90), ("assistant", "a" * 30)) * 3
    )  # fmt: skip
    documents = tuple(Document(id=f"t{n}", doc_type="chat", text="x", turns=turns) for n in range(50))
    mix = Mix(documents=documents, chats=(), neutral=())
    examples = mix.examples(tokenizer, recipe)
    found = preflight(examples, mix.document_lengths(tokenizer), recipe)
    assert (found.sequences, found.steps) == (150, 19)
    assert (found.document_tokens, found.truncated_share) == (150 * 31, 0), "what users say is not to be learnt"
    assert found.trained_token_share == pytest.approx(31 / 64, abs=0.01)


def test_a_sequence_without_loss_is_no_step(tokenizer: Any):
    recipe = Recipe(max_length=16)
    mix = Mix(documents=(Document(id="a", doc_type="note", text="a" * 16),), chats=(), neutral=())
    assert [len(example.tokens) for example in mix.examples(tokenizer, recipe)] == [16]


def test_preflight_counts_and_refuses_what_cannot_learn(tokenizer: Any):
    """Mistake: packing left 1 to 3 optimiser steps, a false null."""
    recipe = Recipe(batch_size=4, epochs=2, max_length=16, min_steps=5)
    examples = text_examples(["a" * 40, "b" * 10, "c"], "document", tokenizer, 16)
    found = preflight(examples, [41, 11, 2], recipe)
    assert (found.documents, found.sequences, found.steps) == (3, 5, 4)
    assert found.truncated_share == pytest.approx(2 / 54), "where a text is cut, a token has nothing before it"
    assert found.split_share == pytest.approx(1 / 3)
    assert preflight(examples[3:], [11, 2], recipe).truncated_share == 0
    assert preflight(examples[1:], [41, 11, 2], recipe).truncated_share == pytest.approx(17 / 54)
    assert found.document_tokens == 54
    assert trained_tokens(examples) == 54 - 5, "the first token of a sequence is never learnt"
    assert found.trained_token_share == pytest.approx(49 / 54)
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
