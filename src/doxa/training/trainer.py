"""An adapter's folder: trained here or by several devices, made whole or not at all, loadable by any PEFT tool."""

import gc
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from doxa import __version__
from doxa.models.local.weights import Base
from doxa.progress import Progress
from doxa.training.card import adapter_card
from doxa.training.examples import Example
from doxa.training.fitting import CHECKPOINTS, FINAL, TENSORBOARD, Log, Order, fit
from doxa.training.launching import fit_on_devices
from doxa.training.preflight import Preflight
from doxa.training.recipe import Recipe
from doxa.writing import write_whole

LESS = "set a smaller `micro_batch`, `gradient_checkpointing`, `four_bit`, or several devices by `launch`"


def finished(folder: Path, key: str) -> bool:
    """Whether the adapter folder is whole and was trained from what `key` names."""
    manifest = folder / "manifest.json"
    return manifest.is_file() and json.loads(manifest.read_text())["training_key"] == key


def train_adapter(
    base: Base,
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
        examples: What is trained on.
        found: Its preflight.
        recipe: Settings.
        folder: Where the adapter goes; its `manifest.json` is written last, so that its being there means wholeness.
        key: Names everything that decides the outcome; checkpoints of another key are not touched.
        claim: For the card.
        progress: Hears of every optimiser step.

    Raises:
        InputError: The batch does not divide as the recipe says, its `launch` names no file, or memory runs out.
        MissingError: A tracker or library that the recipe needs is not installed.
        LaunchError: Several devices were to train, and failed.
    """
    scratch = folder.parent / f".{folder.name}-{key}"
    scratch.mkdir(parents=True, exist_ok=True)
    order = Order(base=base, recipe=recipe, examples=tuple(examples), steps=found.steps)
    if recipe.launch is None:
        history = _fit_here(order, scratch, progress)
    else:
        history = fit_on_devices(order, recipe.launch, scratch, progress)
    if folder.exists():
        shutil.rmtree(folder)
    (scratch / FINAL).rename(folder)
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


def _fit_here(order: Order, scratch: Path, progress: Progress) -> Log:
    """Trains in this process, and leaves none of the weights behind: the engine loads them anew, its own way."""
    import torch

    from doxa.models.local.memory import explained, release_freed_pages

    try:
        with explained("training: memory does not suffice; what was trained is kept", LESS):
            return fit(order, scratch, progress)
    finally:
        gc.collect()  # the trained modules refer to each other
        release_freed_pages("cuda" if torch.cuda.is_available() else "cpu")


def _write_lines(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
