"""The lean parts compute what the plain ones do."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from doxa.models.local.weights import Base
from doxa.training import lean
from doxa.training.examples import IGNORED


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    batch=st.integers(1, 3),
    time=st.integers(2, 9),
    ignored=st.floats(0, 0.9),
    rows=st.integers(1, 7),
    cap=st.none() | st.floats(0.5, 5),
)
def test_the_loss_and_its_gradient_are_those_of_cross_entropy(
    seed: int, batch: int, time: int, ignored: float, rows: int, cap: float | None
):
    draw = torch.Generator().manual_seed(seed)
    hidden = torch.randn(batch, time, 5, generator=draw, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(11, 5, generator=draw, dtype=torch.float64)
    labels = torch.randint(0, 11, (batch, time), generator=draw)
    labels[torch.rand(batch, time, generator=draw) < ignored] = IGNORED
    before, lean.LOGIT_BYTES = lean.LOGIT_BYTES, rows * 4 * 11
    try:
        found = lean.head_loss(hidden, weight, labels, cap)
    finally:
        lean.LOGIT_BYTES = before
    (gradient,) = torch.autograd.grad(found * 3, hidden)
    logits = torch.nn.functional.linear(hidden, weight)
    logits = logits if cap is None else (logits / cap).tanh() * cap
    wanted = torch.nn.functional.cross_entropy(
        logits[:, :-1].reshape(-1, 11), labels[:, 1:].reshape(-1), ignore_index=IGNORED, reduction="sum"
    )
    (expected,) = torch.autograd.grad(wanted * 3, hidden)
    torch.testing.assert_close(found.double(), wanted, atol=1e-4, rtol=1e-5)
    torch.testing.assert_close(gradient, expected, atol=1e-5, rtol=1e-4)


@pytest.fixture
def adapted(tiny_base: Base) -> Any:
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    config = LoraConfig(r=3, lora_alpha=7, target_modules=["q_proj", "down_proj"], init_lora_weights=False)
    return get_peft_model(AutoModelForCausalLM.from_pretrained(tiny_base.folder), config)


def test_slim_adapters_compute_the_same_and_learn_the_same(adapted: Any):
    tokens = torch.arange(6, 30)[None]
    results = []
    for slim in (False, True):
        if slim:
            assert lean.slim_adapters(adapted) == 6
        adapted.zero_grad()
        out = adapted(input_ids=tokens).logits
        out.square().mean().backward()
        results.append([out.detach(), *[p.grad.clone() for p in adapted.parameters() if p.grad is not None]])
    assert len(results[0]) == 1 + 12
    for plain, slim in zip(*results, strict=True):
        torch.testing.assert_close(plain, slim, atol=1e-4, rtol=1e-3)
