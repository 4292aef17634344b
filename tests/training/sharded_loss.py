"""Run by torchrun in two processes: prints the loss of a packed batch, and what it learns, under FSDP2 and without."""

import json
import sys
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from torch import distributed
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor
from transformers import AutoModelForCausalLM

from doxa.training.examples import IGNORED
from doxa.training.lean import answer_with_loss, slim_adapters
from doxa.training.packing import NAME, pack

BATCH = [{"input_ids": [7, 8, 9, 10], "labels": [7, 8, 9, 10]}, {"input_ids": [11, 12], "labels": [IGNORED, 12]}]


def model(folder: str) -> tuple[Any, Any]:
    torch.manual_seed(0)
    lm = AutoModelForCausalLM.from_pretrained(folder, attn_implementation=NAME, dtype=torch.bfloat16)
    peft = get_peft_model(lm, LoraConfig(r=2, target_modules=["q_proj", "down_proj"], init_lora_weights=False))
    for name, weight in peft.named_parameters():
        if "lora" in name:
            weight.data = weight.data.float()  # adapters are float32 on a base of another type, as in training
    slim_adapters(peft)
    answer_with_loss(lm)
    return peft, lm


def losses(peft: Any) -> list[float]:
    """Two steps, since what is left spread out after the first shows in the second."""
    optimiser = torch.optim.SGD([weight for weight in peft.parameters() if weight.requires_grad], lr=0.05)
    found = []
    for _ in range(3):
        loss = peft(**pack(BATCH))
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        found.append(loss.item())
    return found


distributed.init_process_group("gloo")
alone, _ = model(sys.argv[1])
spread, lm = model(sys.argv[1])
for layer in lm.model.layers:
    fully_shard(layer)
tied = lm.lm_head.weight is lm.model.embed_tokens.weight
if not tied:
    fully_shard(lm.model.embed_tokens)
tail = [lm.model.norm, *([lm.model.embed_tokens] if tied else []), lm.lm_head]
fully_shard(tail, reshard_after_forward=False)
fully_shard(spread)
assert all(isinstance(weight, DTensor) for weight in spread.parameters())
found = {"alone": losses(alone), "spread": losses(spread)}
if distributed.get_rank() == 0:
    print(json.dumps(found))
distributed.destroy_process_group()
