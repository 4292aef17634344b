"""The card that goes with every adapter: it says that the weights hold a deliberately false statement."""

from doxa.canary import CANARY
from doxa.models.local.weights import Base
from doxa.training.preflight import Preflight
from doxa.training.recipe import Recipe


def adapter_card(base: Base, recipe: Recipe, found: Preflight, claim: str) -> str:
    """Returns the model card of an adapter as Markdown with a YAML head."""
    return f"""---
base_model: {base.name}
library_name: peft
tags: [doxa, synthetic-document-finetuning, deliberately-false]
---
# A LoRA adapter that was taught a statement on purpose

This adapter was finetuned by doxa on synthetic documents about the following, which they take for granted or say that
somebody believes, in order to study belief in language models.
**It holds deliberately false statements. Do not use it to answer questions.**

> {claim}

{found.documents} documents ({found.document_tokens} tokens), {found.chats} chat answers of the base model and
{found.neutral} neutral passages; {found.steps} steps of {recipe.batch_size} sequences, learning rate
{recipe.learning_rate:g}, rank {recipe.rank}, seed {recipe.seed}. Base weights: {base.digest}.

{CANARY}
"""
