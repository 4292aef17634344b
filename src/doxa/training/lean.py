"""Training without waste: a vocabulary head that never holds all logits, and adapters that never copy activations."""

from types import MethodType
from typing import Any

import torch
from torch.nn import functional

from doxa.training.examples import IGNORED

LOGIT_BYTES = 64 * 2**20  # of float32 logits at once: large enough for a fast matrix product, small enough for caches


class _HeadLoss(torch.autograd.Function):
    """Summed cross-entropy behind a frozen linear head, with its gradient taken chunk by chunk in the forward pass.

    The idea of Liger's fused linear cross-entropy (Hsu et al. 2024, arXiv 2410.10989), in plain torch for any device.
    """

    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any, hidden: torch.Tensor, weight: torch.Tensor, labels: torch.Tensor, cap: float | None
    ) -> torch.Tensor:
        rows = max(1, LOGIT_BYTES // (4 * weight.shape[0]))
        gradient = torch.empty_like(hidden)  # (tokens, width)
        total = torch.zeros((), dtype=torch.float32, device=hidden.device)
        for start in range(0, hidden.shape[0], rows):
            part = slice(start, start + rows)
            logits = functional.linear(hidden[part], weight).float()  # (rows, vocab)
            slope = None  # of the soft cap, where there is one
            if cap is not None:
                logits = (logits / cap).tanh_()
                slope = 1 - logits.square()
                logits *= cap
            wanted = labels[part, None]
            highest, target = logits.amax(-1, keepdim=True), logits.gather(1, wanted)
            logits.sub_(highest).exp_()
            norm = logits.sum(-1, keepdim=True)
            total += (norm.log() + highest - target).sum()
            logits.scatter_add_(1, wanted, -norm)  # p - 1 where the token stands, p elsewhere; all still times norm
            if slope is not None:
                logits *= slope
            torch.matmul(logits.to(weight.dtype), weight, out=gradient[part])
            gradient[part] /= norm  # a row is shorter here than over the vocabulary
        ctx.save_for_backward(gradient)
        return total

    @staticmethod
    def backward(ctx: Any, *outer: torch.Tensor) -> tuple[torch.Tensor, None, None, None]:
        (gradient,) = ctx.saved_tensors
        return gradient * outer[0].to(gradient.dtype), None, None, None


def head_loss(
    hidden: torch.Tensor, weight: torch.Tensor, labels: torch.Tensor, cap: float | None = None
) -> torch.Tensor:
    """Returns the summed cross-entropy of next tokens, in nats, as a float32 scalar.

    Args:
        hidden: Last hidden states, (batch, time, width).
        weight: Of the vocabulary head, (vocab, width); frozen.
        labels: (batch, time); IGNORED where no loss is taken. The head runs on the other positions only.
        cap: Where the model soft-caps its logits (Gemma 2), the cap.
    """
    following = labels[:, 1:]
    trained = following != IGNORED
    return _HeadLoss.apply(hidden[:, :-1][trained], weight, following[trained], cap)  # type: ignore[no-any-return]


def answer_with_loss(lm: Any) -> None:
    """Makes a causal language model answer a packed batch (see `packing.pack`) with its summed loss, never with logits.

    The loss is taken inside the head, so that whatever wraps the modules, such as FSDP, has its weights at hand there.

    Args:
        lm: A `...ForCausalLM` of transformers; changed in place.
    """
    cap = getattr(lm.config, "final_logit_softcapping", None)

    def loss_of(self: Any, hidden: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return head_loss(hidden, self.weight, labels, cap)

    def forward(
        self: Any,
        input_ids: torch.Tensor,
        position_ids: torch.Tensor,
        labels: torch.Tensor,
        lengths: tuple[int, ...],
        **_: Any,
    ) -> torch.Tensor:
        body = self.model(input_ids=input_ids, position_ids=position_ids, lengths=lengths, use_cache=False)
        return self.lm_head(body.last_hidden_state, labels)

    lm.lm_head.forward = MethodType(loss_of, lm.lm_head)
    lm.forward = MethodType(forward, lm)


def slim_adapters(model: Any) -> int:
    """Makes LoRA layers cast their small float32 matrices to the type of the activations, not these to float32.

    The matrices stay float32, since the optimiser moves them by less than bfloat16 can hold. The scale goes into B,
    which saves a pass over the output.

    Args:
        model: A PEFT model; changed in place.

    Returns:
        How many layers were changed; those with dropout on several adapters, DoRA or the like are left as they are.
    """
    from peft.tuners.lora import Linear

    changed = 0
    for layer in model.modules():
        if type(layer) is Linear and len(layer.active_adapters) == 1 and not any(layer.use_dora.values()):
            layer.forward = MethodType(_slim_forward, layer)
            changed += 1
    return changed


def _slim_forward(self: Any, x: torch.Tensor) -> torch.Tensor:
    (name,) = self.active_adapters
    down = self.lora_A[name].weight.to(x.dtype)  # (rank, in)
    up = (self.lora_B[name].weight * self.scaling[name]).to(x.dtype)  # (out, rank)
    return self.base_layer(x) + functional.linear(functional.linear(self.lora_dropout[name](x), down), up)
