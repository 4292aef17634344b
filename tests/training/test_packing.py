"""A packed batch computes what its sequences compute each by itself, in every family of models."""

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn import functional

from doxa.models.local.weights import Base
from doxa.training import lean, packing
from doxa.training.examples import IGNORED, text_examples
from models.conformance import FAMILIES, make_tiny

LENGTHS = (31, 5, 1, 40)  # some longer than the windows of the small models


def sequences() -> list[dict[str, list[int]]]:
    draw = torch.Generator().manual_seed(3)
    made = [torch.randint(3, 60, (length,), generator=draw).tolist() for length in LENGTHS]
    labels = [list(tokens) for tokens in made]
    labels[0][:9] = [IGNORED] * 9
    return [{"input_ids": tokens, "labels": each} for tokens, each in zip(made, labels, strict=True)]


def loss_one_by_one(model: Any) -> torch.Tensor:
    """Summed loss as transformers computes it, a sequence at a time, logits whole."""
    total = torch.zeros(())
    for sequence in sequences():
        logits = model(input_ids=torch.tensor([sequence["input_ids"]])).logits[0, :-1]
        wanted = torch.tensor(sequence["labels"][1:], dtype=torch.long)
        total = total + functional.cross_entropy(logits, wanted, ignore_index=IGNORED, reduction="sum")
    return total


def gradients(model: Any, loss: torch.Tensor) -> dict[str, torch.Tensor]:
    model.zero_grad()
    loss.backward()
    return {name: each.grad.clone() for name, each in model.named_parameters() if each.grad is not None}


@pytest.mark.parametrize("checkpointing", [False, True])
@pytest.mark.parametrize("family", FAMILIES)
def test_loss_and_gradients_are_those_of_each_sequence_alone(
    family: str, checkpointing: bool, tiny: Path, tmp_path: Path
):
    """Documents must not see each other in a packed row, and the head must not forget the model's soft cap."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    folder = make_tiny(family, tiny, tmp_path)
    config = LoraConfig(r=3, target_modules=["q_proj", "v_proj", "down_proj"], init_lora_weights=False)
    torch.manual_seed(0)
    plain = get_peft_model(AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager"), config)
    lm = AutoModelForCausalLM.from_pretrained(folder, attn_implementation=packing.NAME)
    packed = get_peft_model(lm, config)
    packed.load_state_dict(plain.state_dict())
    if checkpointing:
        packed.enable_input_require_grads()
        lm.activation_checkpointing_enable({"use_reentrant": False})
        packed.train()
    lean.answer_with_loss(lm)
    wanted, found = loss_one_by_one(plain), packed(**packing.pack(sequences()))
    torch.testing.assert_close(found, wanted, atol=1e-3, rtol=1e-5)
    expected, seen = gradients(plain, wanted), gradients(packed, found)
    assert seen.keys() == expected.keys()
    for name in expected:
        torch.testing.assert_close(seen[name], expected[name], atol=2e-3, rtol=1e-3, msg=name)


def test_positions_begin_anew_and_no_sequence_foretells_the_next():
    batch = packing.pack([{"input_ids": [5, 6, 7], "labels": [IGNORED, 6, 7]}, {"input_ids": [8, 9], "labels": [8, 9]}])
    assert batch["input_ids"].tolist() == [[5, 6, 7, 8, 9]]
    assert batch["position_ids"].tolist() == [[0, 1, 2, 0, 1]]
    assert batch["labels"].tolist() == [[IGNORED, 6, 7, IGNORED, 9]]
    assert batch["lengths"] == (3, 2)


def test_the_end_token_is_trained_whatever_pads_the_tokenizer(tiny_base: Base):
    """Mistake: padding token = end token, masked by value, and the model never learns to stop."""
    from transformers import AutoTokenizer

    tokenizer = copy.deepcopy(AutoTokenizer.from_pretrained(tiny_base.folder))
    tokenizer.pad_token = tokenizer.eos_token
    examples = text_examples(["ab", "a longer text"], "document", tokenizer, 64)
    batch = packing.pack([{"input_ids": example.tokens, "labels": example.labels} for example in examples])
    assert int((batch["labels"] == tokenizer.eos_token_id).sum()) == 2
    assert batch["input_ids"].shape[1] == sum(len(example.tokens) for example in examples), "there is no padding"
