"""Draw next tokens: temperature, top-k and top-p, one uniform number a step from each request's own generator."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from doxa.models.protocol import Sampling


def uniform_numbers(generators: Sequence[np.random.Generator]) -> Tensor:
    """Returns the next number in [0, 1) of each generator: (len(generators),)."""
    return torch.tensor([generator.random() for generator in generators], dtype=torch.float64)


def draw_tokens(logits: Tensor, uniform: Tensor, sampling: Sampling) -> Tensor:
    """Draws one token a row by inverting the cumulative distribution of what top-k and top-p leave.

    Args:
        logits: (batch, vocab).
        uniform: (batch,) in [0, 1).
        sampling: Temperature 0 takes the most probable token.

    Returns:
        Token ids: (batch,).
    """
    if sampling.temperature == 0:
        return logits.argmax(-1)
    keep = min(sampling.top_k or logits.shape[-1], logits.shape[-1])
    top, ids = logits.float().topk(keep, dim=-1)  # (batch, keep), in falling order
    probabilities = (top.double() / sampling.temperature).softmax(-1)
    before = probabilities.cumsum(-1) - probabilities
    probabilities = probabilities.masked_fill(before >= sampling.top_p, 0.0)
    cumulative = probabilities.cumsum(-1)
    goal = uniform[:, None] * cumulative[:, -1:]
    place = (cumulative <= goal).sum(-1).clamp(max=keep - 1)
    return ids.gather(-1, place[:, None])[:, 0]
