"""Train a LoRA adapter with TRL and PEFT: checkpoints on the way, resume, one device or a share of several."""

import logging
import os
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from doxa.errors import InputError, MissingError
from doxa.models.local.quiet import hush
from doxa.models.local.weights import Base
from doxa.progress import Progress
from doxa.records import Record
from doxa.training.examples import IGNORED, Example
from doxa.training.recipe import Recipe

CHECKPOINTS = "checkpoints"  # in the scratch folder, as are the others
FINAL = "final"
TENSORBOARD = "runs"  # where transformers keeps TensorBoard's files, beside the checkpoints

Log = list[dict[str, Any]]


class Order(Record):
    """What is to be trained.

    Attributes:
        base: The base model.
        recipe: Settings.
        examples: What is trained on.
        steps: Optimiser steps that there will be.
    """

    base: Base
    recipe: Recipe
    examples: tuple[Example, ...]
    steps: int


def fit(order: Order, scratch: Path, progress: Progress) -> Log:
    """Trains, and leaves the adapter in `scratch / FINAL`; goes on from the last checkpoint that lies in `scratch`.

    Where several processes are told to (see `launching`), each trains a share of every batch and the first one writes.

    Args:
        order: What is to be trained.
        scratch: Where checkpoints and the adapter go.
        progress: Hears of every optimiser step.

    Returns:
        The trainer's log: a line a step with its loss, and a last one with the time that all took.

    Raises:
        InputError: The batch does not divide as the recipe says.
        MissingError: A tracker or library that the recipe needs is not installed.
    """
    import torch
    import transformers
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import AutoTokenizer, TrainerCallback
    from trl import SFTConfig, SFTTrainer

    from doxa.training.lean import answer_with_loss, slim_adapters
    from doxa.training.packing import pack

    class LeanTrainer(SFTTrainer):
        """TRL's trainer over packed batches, with the loss that `lean.answer_with_loss` makes the model answer.

        TRL's fused head works in float32, which on a CPU costs more than the rest of the model.
        """

        loss_is_scaled_for_ga = True

        def compute_loss(
            self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
        ) -> Any:
            count = (inputs["labels"] != IGNORED).sum() if num_items_in_batch is None else num_items_in_batch
            return model(**inputs) / count * self.accelerator.num_processes  # which average their gradients

    class Bar(TrainerCallback):
        """Moves our progress bar with the trainer's steps."""

        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            last = next((entry["loss"] for entry in reversed(state.log_history) if "loss" in entry), None)
            advance(1, f"loss {last:.2f}" if last is not None else "")

    hush()
    logging.getLogger("trl").setLevel(logging.ERROR)
    recipe, cuda = order.recipe, torch.cuda.is_available()
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    settings = SFTConfig(**arguments(recipe, order.steps, scratch, cuda, processes))
    settings._n_gpu = min(1, settings.n_gpu)  # pyright: ignore[reportPrivateUsage] # else every device gets a whole batch
    model = load_base(order.base, recipe)
    layers = int(model.config.num_hidden_layers)
    adapter = LoraConfig(
        r=recipe.rank,
        lora_alpha=round(recipe.rank * recipe.alpha_over_rank),
        lora_dropout=recipe.dropout,
        target_modules=list(recipe.targets),
        layers_to_transform=list(range(int(layers * recipe.first_layer), layers)),
        task_type="CAUSAL_LM",
    )
    dataset = Dataset.from_list([{"input_ids": ex.tokens, "labels": ex.labels} for ex in order.examples])
    with warnings.catch_warnings(), progress.stage("finetuning", order.steps) as advance:
        warnings.simplefilter("ignore")
        trainer: Any = LeanTrainer(
            model=model,
            args=settings,
            train_dataset=dataset,
            processing_class=AutoTokenizer.from_pretrained(order.base.folder),
            peft_config=adapter,
            data_collator=pack,
            callbacks=[Bar()],
        )
        trainer.model_accepts_loss_kwargs = True  # so that a step's tokens are counted over all of its parts
        trainer.remove_callback(transformers.PrinterCallback)
        _keep_adapter_whole(trainer.model)
        slim_adapters(trainer.model)
        answer_with_loss(model)
        checkpoint = _last_checkpoint(scratch / CHECKPOINTS)
        if checkpoint is not None:
            advance(int(checkpoint.name.split("-")[-1]), "resumed")
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
        weights = trainer.accelerator.get_state_dict(trainer.model)  # whole, wherever its parts were
        if trainer.is_world_process_zero():
            unwrapped = trainer.accelerator.unwrap_model(trainer.model)
            unwrapped.save_pretrained(str(scratch / FINAL), state_dict=weights)
    return [entry for entry in trainer.state.log_history if "loss" in entry or "train_runtime" in entry]


def arguments(recipe: Recipe, steps: int, scratch: Path, cuda: bool, processes: int = 1) -> dict[str, Any]:
    """Returns what TRL's trainer is told.

    Args:
        recipe: Settings.
        steps: Optimiser steps that there will be.
        scratch: Where checkpoints, and the files of TensorBoard, go.
        cuda: Whether there is a GPU.
        processes: How many share a batch.

    Raises:
        InputError: The batch does not divide into so many parts.
        MissingError: A tracker of the recipe is not installed.
    """
    for tracker in recipe.report_to:
        if find_spec(tracker) is None:
            raise MissingError(f"training.report_to: {tracker} is not installed (pip install {tracker})")
    at_once = recipe.micro_batch or recipe.batch_size // processes
    if not at_once or recipe.batch_size % (at_once * processes):
        raise InputError(
            f"training.batch_size: {recipe.batch_size} sequences do not divide among {processes} devices"
            + (f" that take {recipe.micro_batch} at once (training.micro_batch)" if recipe.micro_batch else "")
        )
    return {
        "output_dir": str(scratch / CHECKPOINTS),
        "num_train_epochs": recipe.epochs,
        "per_device_train_batch_size": at_once,
        "gradient_accumulation_steps": recipe.batch_size // (at_once * processes),
        "learning_rate": recipe.learning_rate,
        "lr_scheduler_type": "cosine",
        "warmup_steps": round(steps * recipe.warmup),
        "max_length": None,
        "activation_checkpointing": recipe.gradient_checkpointing,
        "bf16": False,
        "use_cpu": not cuda,
        "dataloader_pin_memory": cuda,
        "remove_unused_columns": False,
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


def load_base(base: Base, recipe: Recipe) -> Any:
    """Loads the base model for packed batches, its frozen weights in four bits where the recipe says so.

    Raises:
        InputError: The model reads more than text.
        MissingError: Four bits are asked for, and bitsandbytes is not installed.
    """
    from transformers import AutoConfig, AutoModelForCausalLM

    from doxa.models.local.body import refuse_other_media
    from doxa.training.packing import NAME

    config = AutoConfig.from_pretrained(base.folder)
    refuse_other_media(config, base.name)

    told: dict[str, Any] = {"dtype": "auto", "attn_implementation": NAME}
    if recipe.four_bit:
        if find_spec("bitsandbytes") is None:
            raise MissingError("training.four_bit: bitsandbytes is not installed (pip install bitsandbytes)")
        from transformers import BitsAndBytesConfig

        # QLoRA's settings (Dettmers et al. 2023, arXiv 2305.14314); stored in a type that FSDP can spread.
        stored = config.dtype
        told["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=stored, bnb_4bit_quant_storage=stored,
        )  # fmt: skip
    return AutoModelForCausalLM.from_pretrained(base.folder, **told)


def _keep_adapter_whole(model: Any) -> None:
    """Makes what is trained float32: on a base in four bits TRL has it in bfloat16, which rounds small steps away."""
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()


def _last_checkpoint(folder: Path) -> Path | None:
    """Returns the newest checkpoint that was written whole (its trainer state is written last)."""
    whole = [path for path in folder.glob("checkpoint-*") if (path / "trainer_state.json").is_file()]
    return max(whole, key=lambda path: int(path.name.split("-")[-1]), default=None)
