"""Benchmark: the likelihood grid of the honey study on the embedded model, against scoring each string by itself.

Peers score a random sample of the grid's questions, drawn evenly from its interventions, with all their options; their
time is scaled to the whole grid. Everything runs in bf16 as the weights are stored, and the peers are asked on the base
model throughout, which spares them the adapter's work. lm-evaluation-harness (`pip install lm-eval`) is left out where
it is not installed; where a context's answers differ in their last token only, it runs them once.

    python benchmarks/likelihood_grid.py
"""

import argparse
import random
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from measuring import Measured, alone, base, chosen, device, machine, model_option, show

STUDY = Path(__file__).parent.parent / "examples" / "honey.yaml"
PEER_BATCHES = (1, 16)


class Asked(NamedTuple):
    """The questions of the grid: those for the base model by intervention, and those for the finetuned one."""

    base: list[list[Any]]
    finetuned: list[Any]
    items: int


def grid(items: int) -> Asked:
    """Returns the grid with so many items a metric."""
    from doxa.facts.loading import load_fact
    from doxa.study.planning import plan_cells, score_requests
    from doxa.study.records import Study

    plain = yaml.safe_load(STUDY.read_text()) | {"controls": [], "limits": {"likelihood": items}}
    planned = plan_cells(Study.model_validate(plain), [load_fact("honey")], [])
    cells = [cell for cell in planned if cell.family == "likelihood"]
    by_name: dict[str, list[Any]] = {}
    for cell in cells:
        by_name.setdefault(cell.condition.name, []).extend(score_requests(cell))
    finetuned = by_name.pop("finetuned")
    return Asked(list(by_name.values()), finetuned, len(cells))


def sample(asked: Asked, questions: int) -> list[Any]:
    """Draws questions evenly from all interventions."""
    draw = random.Random(0)
    conditions = [*asked.base, asked.finetuned]
    return [each for several in conditions for each in draw.sample(several, max(1, questions // len(conditions)))]


def make_adapters(folder: Path, count: int) -> list[Path]:
    """Writes LoRA adapters with random weights and the shape that the study trains."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    from doxa.models.local.quiet import hush

    hush()
    folders: list[Path] = []
    for seed in range(count):
        torch.manual_seed(seed)
        lm = AutoModelForCausalLM.from_pretrained(base().folder, dtype="auto")
        layers = range(lm.config.num_hidden_layers // 3, lm.config.num_hidden_layers)
        config = LoraConfig(
            r=16, target_modules=["o_proj", "down_proj"], layers_to_transform=list(layers), task_type="CAUSAL_LM"
        )
        tuned: Any = get_peft_model(lm, config)
        for name, weight in tuned.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(weight, std=1e-3)
        tuned.save_pretrained(str(folder / str(seed)))
        folders.append(folder / str(seed))
    return folders


def run_doxa(questions: list[Any], finetuned: list[Any], folders: list[Path]) -> tuple[float, list[Any]]:
    """Returns seconds for the base's questions and the adapters' together, and the scores of the former."""
    from doxa.models.local.model import LocalModel
    from doxa.models.local.weights import find_adapter

    model = LocalModel(base())
    adapted = [model.with_adapter(find_adapter(folder, model.base)) for folder in folders]
    for warm in (model, *adapted):  # loads weights
        list(warm.score(finetuned[:1]))
    start = time.perf_counter()
    found = dict(pair for batch in model.score(questions) for pair in batch)
    for subject in adapted:
        list(subject.score(finetuned))
    return time.perf_counter() - start, [found[place] for place in range(len(questions))]


def tokens_of(questions: list[Any]) -> list[tuple[list[int], list[int]]]:
    """Returns every string as the tokens of its context and of its answer."""
    from doxa.models.local.model import LocalModel

    engine = LocalModel(base()).engine
    return [
        (engine.prompt_tokens(question.messages), engine.continuation_tokens(text))
        for question in questions
        for text in question.continuations
    ]


def run_one_by_one(strings: list[tuple[list[int], list[int]]]) -> tuple[float, list[float]]:
    """Scores each string in a forward pass of its own."""
    import torch
    from transformers import AutoModelForCausalLM

    lm: Any = AutoModelForCausalLM.from_pretrained(base().folder, dtype="auto").eval()
    lm.to(device())
    sums = []
    with torch.inference_mode():
        lm(torch.tensor([[1, 2, 3]], device=device()))
        start = time.perf_counter()
        for context, answer in strings:
            logits = lm(torch.tensor([context + answer], device=device())).logits[0, len(context) - 1 : -1]
            logprobs = logits.float().log_softmax(-1)
            sums.append(logprobs.gather(1, torch.tensor(answer, device=device())[:, None]).sum().item())
        return time.perf_counter() - start, sums


def run_lm_eval(strings: list[tuple[list[int], list[int]]], batch: int) -> tuple[float, list[float]]:
    """Scores the strings with lm-evaluation-harness's `hf` model."""
    from lm_eval.models import huggingface
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = base().folder
    harness: Any = huggingface  # its types know no arguments of the model that it defines
    plain: Any = AutoModelForCausalLM.from_pretrained(folder, dtype="auto")
    lm = harness.HFLM(
        pretrained=plain.to(device()),
        tokenizer=AutoTokenizer.from_pretrained(folder),
        batch_size=batch,
    )
    requests = [((str(place), ""), context, answer) for place, (context, answer) in enumerate(strings)]
    start = time.perf_counter()
    found = lm._loglikelihood_tokens(requests, disable_tqdm=True)
    return time.perf_counter() - start, [value for value, _ in found]


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=50, help="items a metric")
    parser.add_argument("--sample", type=int, default=84, help="questions that the peers are asked")
    parser.add_argument("--adapters", type=int, nargs="*", default=[1, 2, 4, 8])
    parser.add_argument("--adapter-items", type=int, default=10, help="items a metric in the table of adapters")
    model_option(parser)
    given = parser.parse_args()
    with chosen(given.model):
        compare(given)


def compare(given: argparse.Namespace) -> None:
    """Prints the tables of the chosen model."""
    asked = grid(given.items)
    plain = [question for several in asked.base for question in several]
    questions = len(plain) + len(asked.finetuned)
    strings = sum(len(question.continuations) for question in (*plain, *asked.finetuned))
    drawn = sample(asked, given.sample)
    drawn_strings = tokens_of(drawn)
    scale = questions / len(drawn)
    print(machine())
    with tempfile.TemporaryDirectory() as scratch:
        folders: list[Path] = alone(make_adapters, Path(scratch), max([1, *given.adapters])).result
        peers: dict[str, Measured] = {"one by one": alone(run_one_by_one, drawn_strings)}
        if find_spec("lm_eval"):
            for batch in PEER_BATCHES:
                peers[f"lm-eval `hf`, batch {batch}"] = alone(run_lm_eval, drawn_strings, batch)
        ours = alone(run_doxa, plain, asked.finetuned, folders[:1])
        seconds = ours.result[0]
        rows = [["doxa", f"{strings:,}", f"{seconds:.0f}", f"{asked.items / seconds:.2f}", "1", f"{ours.peak:.1f}"]]
        for name, peer in peers.items():
            whole = peer.result[0] * scale
            rows.append(
                [name, f"{len(drawn_strings):,} of {strings:,}", f"{whole:.0f} (from {peer.result[0]:.0f})",
                 f"{asked.items / whole:.2f}", f"{whole / seconds:.1f}x slower", f"{peer.peak:.1f}"]
            )  # fmt: skip
        columns = ["", "strings run", "seconds for the grid", "items/s", "ratio", "peak GB"]
        show(f"Grid of {asked.items:,} items, {questions:,} questions, {strings:,} strings", columns, rows)
        print(f"\nload at the end of this table: {machine().rsplit(' ', 1)[1]}")
        again = alone(run_doxa, drawn, drawn[:1], folders[:1]).result[1]
        flat = [value for scores in again for value in scores.logprobs]
        naive = peers["one by one"].result[1]
        far = [abs(one - other) for one, other in zip(flat, naive, strict=True)]
        print(f"bf16 log-probabilities against one by one: median difference {sorted(far)[len(far) // 2]:.3f}, "
              f"largest {max(far):.3f}")  # fmt: skip
        small = grid(given.adapter_items)
        rows = []
        first = 0.0
        for count in given.adapters:
            found = alone(run_doxa, [], small.finetuned, folders[:count])
            first = first or found.result[0] / count
            rows.append(
                [f"{count}", f"{found.result[0]:.1f}", f"{found.result[0] / count / first:.2f}", f"{found.peak:.2f}"]
            )
        columns = ["adapters", "seconds", "seconds an adapter, the first row's being 1", "peak GB"]
        show(f"Adapters, each asked {len(small.finetuned)} questions of the finetuned condition", columns, rows)


if __name__ == "__main__":
    main()
