"""Benchmark: training tokens a second of doxa's finetuning against plain TRL, same model, adapter, length and data.

Both train a LoRA on honey's own documents: the same rank, targets, sequence length, batch size and number of steps,
each in a process of its own, the model in the type of its weights. "Of bf16" is the share of this machine's measured
bf16 matrix product rate, counting 4 operations a parameter and token: forward, and backward to the activations (a
frozen weight has no gradient of its own).

    python benchmarks/training.py
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

from measuring import alone, base, chosen, device, machine, model_option, show

RANK, LENGTH, BATCH = 16, 512, 8
SIZES = {"cpu": 2048, "cuda": 8192}  # of the square matrices whose product is timed


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=2, help="times that each contender runs, in turns")
    model_option(parser)
    options = parser.parse_args()
    with chosen(options.model):
        compare(options)


def compare(options: argparse.Namespace) -> None:
    """Prints the table of the chosen model."""
    print(machine())
    rate = alone(matrix_rate).result
    contenders = {"plain TRL": plain, "doxa": lean}
    found: dict[str, list[Any]] = {name: [] for name in contenders}
    for _ in range(options.rounds):
        for name, work in contenders.items():
            found[name].append(alone(work, options.steps))
    best = {name: max(runs, key=lambda run: run.result[0]) for name, runs in found.items()}
    peer = best["plain TRL"].result[0]
    rows = []
    for name, run in best.items():
        tokens, parameters, loss = run.result
        others = ", ".join(f"{other.result[0]:.0f}" for other in found[name])
        share = 4 * parameters * tokens / rate
        rows.append(
            [
                name,
                f"{tokens:.0f} ({others})",
                f"{tokens / peer:.2f}x",
                f"{share:.0%}",
                f"{run.peak:.1f}",
                f"{loss:.3f}",
            ]
        )
    show(
        f"Training, {options.steps} steps of {BATCH} documents, rank {RANK}; bf16 products {rate / 1e12:.2f} TFLOP/s",
        ["", "tokens/s, best (each)", "to peer", "of bf16", "peak GB", "last loss"],
        rows,
    )


def matrix_rate() -> float:
    """Returns this machine's bf16 matrix product rate in operations a second."""
    import torch

    size = SIZES[device()]
    a, b = (torch.randn(size, size, device=device()).bfloat16() for _ in range(2))
    rates = []
    for _ in range(5):
        started = time.perf_counter()
        torch.matmul(a, b)[0, 0].item()  # which waits for the device
        rates.append(2 * size**3 / (time.perf_counter() - started))
    return max(rates)


def texts(steps: int) -> list[str]:
    """Returns the documents that both train on."""
    from doxa.corpus.store import fact_documents
    from doxa.facts.loading import load_fact

    documents = [document.text for document in fact_documents(load_fact("honey"))]
    return (documents * 10)[: steps * BATCH]


def plain(steps: int) -> tuple[float, int, float]:
    """Trains with TRL as its documentation has it; returns tokens a second, parameters, last loss."""
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl import SFTConfig, SFTTrainer

    from doxa.models.local.quiet import hush
    from doxa.training.recipe import TARGETS

    hush()
    folder = base().folder
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype="auto")
    parameters = _parameters(model)
    written = texts(steps)
    with tempfile.TemporaryDirectory() as scratch:
        settings = SFTConfig(
            output_dir=scratch, max_steps=steps, per_device_train_batch_size=BATCH, max_length=LENGTH, bf16=False,
            use_cpu=device() == "cpu", report_to=[], save_strategy="no", logging_steps=1, disable_tqdm=True,
            learning_rate=5e-4, gradient_checkpointing=False, dataloader_pin_memory=False,
        )  # fmt: skip
        adapter = LoraConfig(r=RANK, lora_alpha=2 * RANK, target_modules=list(TARGETS), task_type="CAUSAL_LM")
        trainer = SFTTrainer(
            model=model, args=settings, train_dataset=Dataset.from_list([{"text": text} for text in written]),
            processing_class=tokenizer, peft_config=adapter,
        )  # fmt: skip
        trainer.train()
    return _result(tokenizer, written, parameters, trainer.state.log_history)


def lean(steps: int) -> tuple[float, int, float]:
    """Trains with doxa; returns tokens a second, parameters, last loss."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from doxa.corpus.records import Document
    from doxa.progress import Silent
    from doxa.training.fitting import Order, fit
    from doxa.training.mixing import Mix
    from doxa.training.preflight import preflight
    from doxa.training.recipe import Recipe

    tokenizer = AutoTokenizer.from_pretrained(base().folder)
    parameters = _parameters(AutoModelForCausalLM.from_pretrained(base().folder, dtype="auto"))
    written = texts(steps)
    documents = tuple(Document(id=str(place), doc_type="x", text=text) for place, text in enumerate(written))
    recipe = Recipe(
        epochs=1, batch_size=BATCH, rank=RANK, max_length=LENGTH, checkpoints=0, chat_answers=0, neutral_texts=0
    )
    mix = Mix(documents=documents, chats=(), neutral=())
    examples = mix.examples(tokenizer, recipe)
    found = preflight(examples, mix.document_lengths(tokenizer), recipe)
    with tempfile.TemporaryDirectory() as scratch:
        history = fit(
            Order(base=base(), recipe=recipe, examples=tuple(examples), steps=found.steps), Path(scratch), Silent()
        )
    return _result(tokenizer, written, parameters, history)


def _result(tokenizer: Any, written: list[str], parameters: int, log: list[dict[str, Any]]) -> tuple[float, int, float]:
    """Returns tokens a second by the trainer's own clock, parameters, and the loss of the last step."""
    tokens = sum(len(tokenizer(text)["input_ids"]) + 1 for text in written)
    seconds = next(entry["train_runtime"] for entry in log if "train_runtime" in entry)
    losses = [entry["loss"] for entry in log if "loss" in entry]
    return tokens / seconds, parameters, losses[-1]


def _parameters(model: Any) -> int:
    """Counts what a token is multiplied with: all but the embedding, where that is not also the head."""
    return sum(weight.numel() for weight in model.parameters() if weight.ndim == 2)


if __name__ == "__main__":
    main()
