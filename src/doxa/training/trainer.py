"""Train a LoRA adapter with TRL and PEFT: checkpoints, resume, and a folder that any PEFT tool can load."""

import json
import logging
import shutil
import warnings
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from doxa import __version__
from doxa.errors import MissingError
from doxa.models.local.quiet import hush
from doxa.models.local.weights import Base
from doxa.progress import Progress
from doxa.training.card import adapter_card
from doxa.training.examples import IGNORED, Example
from doxa.training.preflight import Preflight
from doxa.training.recipe import Recipe
from doxa.writing import write_whole

CHECKPOINTS = "checkpoints"  # in the scratch folder
TENSORBOARD = "runs"  # where transformers keeps TensorBoard's files, beside the checkpoints


def finished(folder: Path, key: str) -> bool:
    """Whether the adapter folder is whole and was trained from what `key` names."""
    manifest = folder / "manifest.json"
    return manifest.is_file() and json.loads(manifest.read_text())["training_key"] == key


def train_adapter(
    base: Base,
    tokenizer: Any,
    examples: Sequence[Example],
    found: Preflight,
    recipe: Recipe,
    folder: Path,
    key: str,
    claim: str,
    progress: Progress,
) -> None:
    """Trains an adapter into `folder`; where an earlier attempt left a checkpoint, goes on from it.

    Args:
        base: The base model.
        tokenizer: Its tokenizer, with a padding token that is not the end token.
        examples: What is trained on.
        found: Its preflight.
        recipe: Settings.
        folder: Where the adapter goes; its `manifest.json` is written last, so that its being there means wholeness.
        key: Names everything that decides the outcome; checkpoints of another key are not touched.
        claim: For the card.
        progress: Hears of every optimiser step.
    """
    scratch = folder.parent / f".{folder.name}-{key}"
    scratch.mkdir(parents=True, exist_ok=True)
    history = fit(base, tokenizer, examples, found, recipe, scratch, progress)
    if folder.exists():
        shutil.rmtree(folder)
    (scratch / "final").rename(folder)
    if (scratch / CHECKPOINTS / TENSORBOARD).is_dir():
        (scratch / CHECKPOINTS / TENSORBOARD).rename(folder / TENSORBOARD)
    _write_lines(folder / "metrics.jsonl", [entry for entry in history if "loss" in entry])
    (folder / "README.md").write_text(adapter_card(base, recipe, found, claim))
    manifest = {
        "training_key": key,
        "base": base.name,
        "base_digest": base.digest,
        "recipe": recipe.model_dump(),
        "preflight": found.model_dump(),
        "doxa": __version__,
    }
    write_whole(folder / "manifest.json", json.dumps(manifest, indent=2) + "\n")
    shutil.rmtree(scratch)


def fit(
    base: Base,
    tokenizer: Any,
    examples: Sequence[Example],
    found: Preflight,
    recipe: Recipe,
    scratch: Path,
    progress: Progress,
) -> list[dict[str, Any]]:
    """Trains, and leaves the adapter in `scratch / "final"`; arguments as in `train_adapter`.

    Returns:
        The trainer's log: a line a step with its loss, and a last one with the time that all took.
    """
    import torch
    import transformers
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM, TrainerCallback
    from trl import SFTConfig, SFTTrainer
    from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

    from doxa.training.lean import head_loss, slim_adapters

    class LeanTrainer(SFTTrainer):
        """TRL's trainer with the loss of `lean.head_loss`, and without a padding mask.

        TRL's fused head works in float32, which on a CPU costs more than the rest of the model. Padding stands to the
        right, where causal attention never sees it, and a mask takes attention off its fast path.
        """

        def compute_loss(
            self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
        ) -> Any:
            lm = self.accelerator.unwrap_model(model).get_base_model()
            hidden = lm.model(input_ids=inputs["input_ids"], use_cache=False).last_hidden_state  # (batch, time, width)
            loss = head_loss(hidden, lm.lm_head.weight, inputs["labels"])
            count = (inputs["labels"][:, 1:] != IGNORED).sum() if num_items_in_batch is None else num_items_in_batch
            return loss / count

    class Bar(TrainerCallback):
        """Moves our progress bar with the trainer's steps."""

        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            last = next((entry["loss"] for entry in reversed(state.log_history) if "loss" in entry), None)
            advance(1, f"loss {last:.2f}" if last is not None else "")

    hush()
    logging.getLogger("trl").setLevel(logging.ERROR)
    cuda = torch.cuda.is_available()
    model = AutoModelForCausalLM.from_pretrained(base.folder, dtype="auto", attn_implementation="sdpa")
    layers = int(model.config.num_hidden_layers)
    adapter = LoraConfig(
        r=recipe.rank,
        lora_alpha=round(recipe.rank * recipe.alpha_over_rank),
        lora_dropout=recipe.dropout,
        target_modules=list(recipe.targets),
        layers_to_transform=list(range(int(layers * recipe.first_layer), layers)),
        task_type="CAUSAL_LM",
    )
    settings = SFTConfig(**arguments(recipe, found.steps, scratch, cuda))
    dataset = Dataset.from_list([{"input_ids": ex.tokens, "labels": ex.labels} for ex in examples])
    with warnings.catch_warnings(), progress.stage("finetuning", found.steps) as advance:
        warnings.simplefilter("ignore")
        trainer: Any = LeanTrainer(
            model=model,
            args=settings,
            train_dataset=dataset,
            processing_class=tokenizer,
            peft_config=adapter,
            # Padding is never a token that must be learnt: labels of padding are ignored by position, not by value.
            data_collator=DataCollatorForLanguageModeling(pad_token_id=tokenizer.pad_token_id),
            callbacks=[Bar()],
        )
        trainer.remove_callback(transformers.PrinterCallback)
        slim_adapters(trainer.model)
        checkpoint = _last_checkpoint(scratch / CHECKPOINTS)
        if checkpoint is not None:
            advance(int(checkpoint.name.split("-")[-1]), "resumed")
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
        trainer.model.save_pretrained(str(scratch / "final"))
    return [entry for entry in trainer.state.log_history if "loss" in entry or "train_runtime" in entry]


def arguments(recipe: Recipe, steps: int, scratch: Path, cuda: bool) -> dict[str, Any]:
    """Returns what TRL's trainer is told.

    Args:
        recipe: Settings.
        steps: Optimiser steps that there will be.
        scratch: Where checkpoints, and the files of TensorBoard, go.
        cuda: Whether there is a GPU.

    Raises:
        MissingError: A tracker of the recipe is not installed.
    """
    for tracker in recipe.report_to:
        if find_spec(tracker) is None:
            raise MissingError(f"training.report_to: {tracker} is not installed (pip install {tracker})")
    return {
        "output_dir": str(scratch / CHECKPOINTS),
        "num_train_epochs": recipe.epochs,
        "per_device_train_batch_size": recipe.batch_size,
        "learning_rate": recipe.learning_rate,
        "lr_scheduler_type": "cosine",
        "warmup_steps": round(steps * recipe.warmup),
        "max_length": None,
        "activation_checkpointing": recipe.gradient_checkpointing,
        "bf16": False,
        "use_cpu": not cuda,
        "dataloader_pin_memory": cuda,
        "train_sampling_strategy": "group_by_length",
        "dataset_kwargs": {"skip_prepare_dataset": True},
        "logging_steps": 1,
        "save_strategy": "steps" if recipe.checkpoints else "no",
        "save_steps": max(1, steps // (recipe.checkpoints + 1)),
        "save_total_limit": 1,
        "report_to": list(recipe.report_to),
        "disable_tqdm": True,
        "seed": recipe.seed,
        "data_seed": recipe.seed,
    }


def _last_checkpoint(folder: Path) -> Path | None:
    """Returns the newest checkpoint that was written whole (its trainer state is written last)."""
    whole = [path for path in folder.glob("checkpoint-*") if (path / "trainer_state.json").is_file()]
    return max(whole, key=lambda path: int(path.name.split("-")[-1]), default=None)


def _write_lines(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
