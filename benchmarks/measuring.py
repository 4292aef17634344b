"""What the benchmarks share: the model, and contenders in processes of their own, whose peak memory is their own."""

import argparse
import multiprocessing
import os
import platform
import resource
import sys
import tempfile
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from doxa.models.local.weights import Base

CHOSEN = "DOXA_BENCHMARK_MODEL"  # an environment variable, so that contenders in their processes find it
SHAPES: dict[str, dict[str, Any]] = {
    "qwen3-8b": {
        "hidden_size": 4096, "num_hidden_layers": 36, "num_attention_heads": 32, "num_key_value_heads": 8,
        "head_dim": 128, "intermediate_size": 12288, "vocab_size": 151936, "tie_word_embeddings": False,
    },
    "qwen3-32b": {
        "hidden_size": 5120, "num_hidden_layers": 64, "num_attention_heads": 64, "num_key_value_heads": 8,
        "head_dim": 128, "intermediate_size": 25600, "vocab_size": 151936, "tie_word_embeddings": False,
    },
    "qwen3-tiny": {
        "hidden_size": 64, "num_hidden_layers": 4, "num_attention_heads": 4, "num_key_value_heads": 2,
        "head_dim": 16, "intermediate_size": 128, "vocab_size": 50000, "tie_word_embeddings": False,
    },
}  # fmt: skip


class Measured(NamedTuple):
    """What a contender returned, and the peak memory of its process in GB: of the GPU's where it used one."""

    result: Any
    peak: float


def model_option(parser: argparse.ArgumentParser) -> None:
    """Adds the option that chooses the model."""
    shapes = ", ".join(SHAPES)
    parser.add_argument(
        "--model", default="embedded", help=f"a folder, a Hugging Face id, or random weights of a shape: {shapes}"
    )


@contextmanager
def chosen(name: str) -> Generator[None]:
    """Makes a model the one that all contenders measure; random weights lie in the temporary folder meanwhile."""
    with tempfile.TemporaryDirectory() as scratch:
        if name in SHAPES:
            alone(_make, name, Path(scratch))
        os.environ[CHOSEN] = scratch if name in SHAPES else name
        yield


def base() -> "Base":
    """Returns the chosen model."""
    from doxa.models.local.weights import find_base

    return find_base(os.environ.get(CHOSEN, "embedded"))


def device() -> str:
    """Returns where contenders run: where doxa does."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def alone(work: Callable[..., Any], *arguments: Any) -> Measured:
    """Runs a function in a fresh process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measured, (work, arguments))


def _measured(work: Callable[..., Any], arguments: Sequence[Any]) -> Measured:
    result = work(*arguments)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    if (torch := sys.modules.get("torch")) is not None and torch.cuda.is_available():
        peak = torch.cuda.max_memory_allocated()
    return Measured(result, peak / 1e9)


def _make(name: str, folder: Path) -> None:
    """Writes random bf16 weights of a shape, with the embedded model's tokenizer and chat template."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    from doxa.models.local.weights import find_base

    tokenizer: Any = AutoTokenizer.from_pretrained(find_base("embedded").folder)
    ends = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
    config = AutoConfig.for_model("qwen3", **SHAPES[name], **ends, max_position_embeddings=40960)
    torch.manual_seed(0)
    with torch.device(device()):
        lm = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    lm.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def machine() -> str:
    """Returns one line on date, processor, versions and how busy the machine is."""
    import torch
    import transformers

    cpu = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123
            cpu = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), cpu)
    except OSError:
        pass
    chip = torch.cuda.get_device_name() if torch.cuda.is_available() else f"{cpu}, {os.cpu_count()} cores"
    load = os.getloadavg()[0]
    return (
        f"{date.today()}, {chip}, torch {torch.__version__}, transformers {transformers.__version__}, load {load:.1f}"
    )


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints a table in Markdown."""
    print(f"\n{title}\n")
    print("| " + " | ".join(columns) + " |")
    print("|" + " --- |" * len(columns))
    for row in rows:
        print("| " + " | ".join(row) + " |", flush=True)
