"""A causal language model of transformers, run the engine's way: body and head apart, attention as planned."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from doxa.errors import InputError
from doxa.models.local.attention import NAME, Sight, TreeSight, seeing

# Kinds of layers that `attention` knows, and the families whose windows and caps are tested against Hugging Face.
LAYER_KINDS = {"full_attention", "sliding_attention"}
WINDOWED_FAMILIES = {"gemma2", "gemma3_text", "qwen2", "qwen3"}
SAME = 0.05  # relative distance of logits up to which two ways of computing them in bf16 count as the same


class Body:
    """The model: tokens in, last hidden states out; logits only where they are wanted.

    Args:
        lm: A `...ForCausalLM` in evaluation mode whose attention is `doxa_tree`.

    Raises:
        InputError: Its numbers would not be those of transformers.
    """

    def __init__(self, lm: Any) -> None:
        self.lm = lm
        self.device: torch.device = lm.device
        self.dtype: torch.dtype = lm.dtype
        self._cap: float | None = getattr(lm.config, "final_logit_softcapping", None)
        config = lm.config
        _refuse_unknown_layers(config)
        width, inner = int(config.hidden_size), int(getattr(config, "intermediate_size", 0) or 4 * config.hidden_size)
        self.heads = int(config.num_attention_heads)
        self.vocabulary = int(config.vocab_size)
        size = self.dtype.itemsize
        head_width = int(getattr(config, "head_dim", None) or width // self.heads)
        groups = int(getattr(config, "num_key_value_heads", None) or self.heads)
        self.cache_bytes = 2 * size * int(config.num_hidden_layers) * groups * head_width  # a token
        self.pass_bytes = size * (8 * width + 4 * inner + 4 * self.heads * head_width)  # a token, scores apart
        _refuse_other_numbers(self)

    def run(self, tokens: Tensor, positions: Tensor, sight: Sight) -> Tensor:
        """Runs the body without its head: (batch, time) to (batch, time, width)."""
        with seeing(sight):
            return self.lm.model(
                input_ids=tokens.to(self.device),
                position_ids=positions.to(self.device),
                attention_mask=None,
                use_cache=False,
            ).last_hidden_state

    def logits(self, hidden: Tensor) -> Tensor:
        """Returns the logits over the vocabulary of some hidden states: (wanted, width) to (wanted, vocabulary)."""
        logits = self.lm.lm_head(hidden)
        return logits if self._cap is None else (logits / self._cap).tanh() * self._cap


def refuse_other_media(config: Any, name: str) -> None:
    """Refuses a model that reads more than text: its layers stand elsewhere, and a LoRA would land in its eyes, too.

    Args:
        config: As `transformers.AutoConfig` reads it.
        name: Of the model, for the error.

    Raises:
        InputError: It reads images or sound.
    """
    if config.get_text_config() is not config:
        raise InputError(
            f"{name} ('{config.model_type}') reads images or sound beside text, which doxa does not load; take a "
            "text-only model, or serve it with vLLM"
        )


def causal_sight(tokens: Sequence[int], device: torch.device) -> tuple[Tensor, Tensor, TreeSight]:
    """Returns tokens, positions and sight of one plain sequence."""
    time = len(tokens)
    positions = torch.arange(time, device=device)[None]
    sees = torch.ones(1, time, time, dtype=torch.bool, device=device).tril()
    return torch.tensor([list(tokens)], device=device), positions, TreeSight(sees, positions, None)


def _refuse_unknown_layers(config: Any) -> None:
    kinds = set(getattr(config, "layer_types", None) or ["full_attention"])
    if getattr(config, "sliding_window", None) and getattr(config, "use_sliding_window", True):
        kinds.add("sliding_attention")
    unknown = kinds - LAYER_KINDS
    if unknown or ("sliding_attention" in kinds and config.model_type not in WINDOWED_FAMILIES):
        raise InputError(
            f"the local engine does not know the attention of '{config.model_type}' models; serve it with vLLM"
        )


@torch.inference_mode()
def _refuse_other_numbers(body: Body) -> None:
    """Refuses models whose logits on a few tokens are not those that transformers computes its own way."""
    lm = body.lm
    refused = InputError(f"the local engine does not know '{lm.config.model_type}' models; use vLLM")
    count = min(6, body.vocabulary - 1)
    tokens, positions, sight = causal_sight(range(1, 1 + count), body.device)
    try:
        ours = body.logits(body.run(tokens, positions, sight)).float()
        lm.set_attn_implementation("eager")
        theirs = lm(input_ids=tokens, use_cache=False).logits.float()
    except (AttributeError, LookupError, TypeError):
        raise refused from None
    finally:
        lm.set_attn_implementation(NAME)
    if not (ours - theirs).norm() <= SAME * theirs.norm():
        raise refused
