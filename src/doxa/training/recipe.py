"""Recipe: how documents become an adapter."""

from typing import Literal

from pydantic import Field

from doxa.records import Record

Target = Literal["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
Reporter = Literal["tensorboard", "trackio", "wandb"]
TARGETS: tuple[Target, ...] = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


# Settings that say how a finetune is run and told of, not what it becomes.
INDIFFERENT = frozenset({"checkpoints", "launch", "micro_batch", "min_steps", "report_to"})


class Recipe(Record):
    """Settings of one finetuning.

    Attributes:
        epochs: Passes over the documents and everything that is mixed in.
        learning_rate: Peak; warmed up, then lowered along a cosine.
        rank: LoRA rank; alpha is `alpha_over_rank` times as large.
        alpha_over_rank: How many times as large.
        targets: Linear modules that get an adapter; fewer is faster.
        dropout: Share of an adapter's inputs that are left out at random while it is trained.
        first_layer: Share of the layers, from the bottom, that stay as they are; higher is faster.
        batch_size: Sequences an optimiser step, over all devices.
        micro_batch: Sequences that a device holds at once; fewer need less memory, and the steps stay the same. None
            for a device's whole share of the batch.
        max_length: Tokens a sequence; longer documents are cut into several, never truncated.
        warmup: Share of the steps over which the learning rate rises to its peak.
        as_assistant: Share of the documents that are given as the assistant's own writing, asked for by type and idea;
            the rest is plain text. What is learnt in the assistant's voice shows sooner in its answers.
        chat_answers: The subject's own sampled answers to neutral prompts that are mixed in, so that it stays itself.
        neutral_texts: Neutral passages that are mixed in.
        min_steps: Optimiser steps below which a finetune cannot be expected to learn; fewer is refused.
        checkpoints: How often the state is saved on the way; a stopped run goes on from the last one.
        gradient_checkpointing: Save memory for time.
        four_bit: Hold the frozen weights in four bits while training (QLoRA); answers come from the whole ones.
        launch: Train on several devices, as this accelerate configuration says: one of doxa's own (`fsdp2`,
            `fsdp2-offload`, `copies`) or a file. None for one device.
        report_to: Trackers that hear of every step; what an adapter becomes does not depend on them.
        seed: Of initialisation and order.
    """

    epochs: float = Field(default=3, gt=0)
    learning_rate: float = Field(default=5e-4, gt=0)
    rank: int = Field(default=16, ge=1)
    alpha_over_rank: float = Field(default=2, gt=0)
    targets: tuple[Target, ...] = TARGETS
    dropout: float = Field(default=0.0, ge=0, lt=1)
    first_layer: float = Field(default=0.0, ge=0, lt=1)
    batch_size: int = Field(default=8, ge=1)
    micro_batch: int | None = Field(default=None, ge=1)
    max_length: int = Field(default=512, ge=16)
    warmup: float = Field(default=0.05, ge=0, lt=1)
    as_assistant: float = Field(default=0.0, ge=0, le=1)
    chat_answers: int = Field(default=120, ge=0)
    neutral_texts: int = Field(default=40, ge=0)
    min_steps: int = Field(default=20, ge=1)
    checkpoints: int = Field(default=4, ge=0)
    gradient_checkpointing: bool = False
    four_bit: bool = False
    launch: str | None = None
    report_to: tuple[Reporter, ...] = ()
    seed: int = Field(default=0, ge=0)
