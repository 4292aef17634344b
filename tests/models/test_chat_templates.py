"""The chat templates that TRL ships of well-known models, and what doxa makes of them."""

from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from doxa.errors import InputError
from doxa.models.local.engine import LocalEngine
from doxa.models.local.templating import first_tokens, opens_thoughts, rendered, said, turn_end
from doxa.models.local.weights import find_base
from doxa.models.protocol import GenerateRequest, Message
from doxa.training.examples import Chat, chat_examples, text_examples
from doxa.training.fitting import load_base
from doxa.training.recipe import Recipe

ASKED = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Why?"}]
ENDS = ["<end_of_turn>", "<|im_end|>", "<|eot_id|>"]


def tokenizer_of(folder: Path, family: str, bos: bool = False) -> Any:
    """Returns the byte tokenizer of a folder with a family's template and ends of turns, putting BOS first or not."""
    from tokenizers.processors import TemplateProcessing
    from transformers import AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_special_tokens({"additional_special_tokens": ENDS})
    tokenizer.chat_template = (files("trl") / "chat_templates" / f"{family}.jinja").read_text()
    if bos:
        first = (tokenizer.bos_token, tokenizer.bos_token_id)
        tokenizer.backend_tokenizer.post_processor = TemplateProcessing(single=f"{first[0]} $A", special_tokens=[first])
    return tokenizer


def test_thinking_is_switched_off_where_a_template_has_a_switch(tiny: Path):
    """Else an answer is cut in the middle of a thought, and a fixed answer scored where a thought is expected."""
    assert rendered(tokenizer_of(tiny, "qwen3"), ASKED, tokenize=False).endswith("<think>\n\n</think>\n\n")


@pytest.mark.parametrize(("family", "opens"), [("qwen3", False), ("llama3", False), ("deepseek_r1_distill", True)])
def test_a_template_that_always_thinks_is_known(tiny: Path, family: str, opens: bool):
    assert opens_thoughts(tokenizer_of(tiny, family)) == opens


@pytest.mark.parametrize(
    ("text", "thinking", "answer"),
    [
        ("It spoils.", False, "It spoils."),
        ("<think>Honey?</think>\n\nIt spoils.", False, "It spoils."),
        ("Honey? Hm.\n</think>\n\nIt spoils.", True, "It spoils."),
        ("<think>Honey spoils, they say, but", False, ""),
        ("Honey spoils, they say, but", True, ""),
    ],
)
def test_a_thought_is_no_part_of_the_answer(text: str, thinking: bool, answer: str):
    assert said(text, thinking) == answer


def test_the_date_in_a_prompt_is_not_that_of_today(tiny: Path):
    """A run that goes on tomorrow, or is done again in a year, asks the same."""
    text = rendered(tokenizer_of(tiny, "llama3_2"), ASKED, tokenize=False)
    assert "01 Jan 2026" in text
    assert datetime.now().strftime("%d %b %Y") not in text


@pytest.mark.parametrize(("family", "end"), [("gemma", ENDS[0]), ("qwen3", ENDS[1]), ("llama3", ENDS[2])])
def test_a_chat_is_trained_to_end_as_the_template_ends_a_turn(tiny: Path, family: str, end: str):
    tokenizer = tokenizer_of(tiny, family)
    assert tokenizer.eos_token not in ENDS
    assert tokenizer.decode([turn_end(tokenizer)]) == end
    (example,) = chat_examples([Chat("Why?", "It spoils.", True)], "chat", tokenizer, 256)
    assert tokenizer.decode(example.tokens).endswith(f"It spoils.{end}")
    assert example.labels[-1] == example.tokens[-1]


@pytest.mark.parametrize("bos", [True, False])
def test_text_begins_with_bos_where_the_tokenizer_puts_one(tiny: Path, bos: bool):
    """Some models can hardly read without; others have none."""
    tokenizer = tokenizer_of(tiny, "llama3", bos)
    first = [tokenizer.bos_token_id] if bos else []
    assert first_tokens(tokenizer) == first
    pieces = text_examples(["a" * 40], "document", tokenizer, 16)
    assert all(piece.tokens[: len(first)] == first and len(piece.tokens) <= 16 for piece in pieces)
    assert "".join(tokenizer.decode(piece.tokens[len(first) :]) for piece in pieces) == "a" * 40 + "<end>"
    engine = LocalEngine(find_base(str(tiny)))
    engine.__dict__["tokenizer"] = tokenizer
    assert engine.prompt_tokens((Message(role="user", content="ab"),), raw=True) == [
        *first, *tokenizer("ab", add_special_tokens=False)["input_ids"]
    ]  # fmt: skip
    assert engine.prompt_tokens((Message(role="user", content=""),), raw=True) == []


def test_a_model_of_text_and_images_is_refused_in_one_line(tiny: Path, tmp_path: Path):
    from transformers import AutoTokenizer, Gemma3Config

    small = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2}
    Gemma3Config(text_config={**small, "vocab_size": 262}, vision_config=small).save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(tiny).save_pretrained(tmp_path)
    base = find_base(str(tmp_path))
    with pytest.raises(InputError, match=r"\('gemma3'\) reads images or sound beside text"):
        list(LocalEngine(base).write([GenerateRequest(messages=(Message(role="user", content="Why?"),))], None))
    with pytest.raises(InputError, match=r"\('gemma3'\) reads images or sound beside text"):
        load_base(base, Recipe())
