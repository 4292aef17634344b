"""Benchmark: sampling answers of up to 64 tokens, against `transformers.generate` in batches and Inspect's `hf`.

The prompts are the questions of the honey study's four banks under its six prompted interventions, drawn anew until
there are enough, so that most stand behind a few shared beginnings. All contenders sample at the same temperature.
Peers are asked a random part of the prompts (`--sample`); their time is scaled to all answers.

    python benchmarks/generation.py
"""

import argparse
import asyncio
import itertools
import random
import time
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from measuring import alone, base, chosen, device, machine, model_option, show

STUDY = Path(__file__).parent.parent / "examples" / "honey.yaml"
TOKENS = 64
PEER_BATCH = 32  # also the number of calls that Inspect's `hf` puts together by default


class Ran(NamedTuple):
    """How long it took, and how many tokens were written."""

    seconds: float
    tokens: int


def prompts(answers: int) -> list[Any]:
    """Returns so many requests, each of another prompt or sample."""
    from doxa.facts.loading import load_fact
    from doxa.models.protocol import Sampling
    from doxa.study.planning import generate_request, plan_cells
    from doxa.study.records import Study

    study = Study.model_validate(yaml.safe_load(STUDY.read_text()) | {"controls": [], "limits": {}})
    cells = [cell for cell in plan_cells(study, [load_fact("honey")], []) if cell.family == "rubric"]
    requests = [generate_request(cell, study) for cell in cells if cell.condition.adapter is None]
    random.Random(0).shuffle(requests)
    endless = (
        each.model_copy(update={"sampling": Sampling(max_tokens=TOKENS), "sample": sample})
        for sample in itertools.count()
        for each in requests
    )
    return list(itertools.islice(endless, answers))


def run_doxa(requests: list[Any]) -> Ran:
    """Asks the local engine."""
    from doxa.models.local.model import LocalModel

    model = LocalModel(base())
    list(model.generate([requests[0].model_copy(update={"sample": 999})]))
    start = time.perf_counter()
    found = [answer for batch in model.generate(requests) for _, answer in batch]
    return Ran(time.perf_counter() - start, sum(answer.tokens_out for answer in found))


def run_transformers(requests: list[Any]) -> Ran:
    """Asks `transformers.generate` in batches of prompts of similar length, left-padded."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = base().folder
    lm: Any = AutoModelForCausalLM.from_pretrained(folder, dtype="auto").eval()
    lm.to(device())
    tokenizer: Any = AutoTokenizer.from_pretrained(folder, padding_side="left")
    chats = [[turn.model_dump() for turn in request.messages] for request in requests]
    texts = sorted(
        (tokenizer.apply_chat_template(c, add_generation_prompt=True, tokenize=False) for c in chats), key=len
    )
    start, tokens = time.perf_counter(), 0
    with torch.inference_mode():
        for place in range(0, len(texts), PEER_BATCH):
            batch = tokenizer(
                texts[place : place + PEER_BATCH], return_tensors="pt", padding=True, add_special_tokens=False
            ).to(device())
            written = lm.generate(
                **batch, do_sample=True, temperature=0.7, top_p=0.95, top_k=50, max_new_tokens=TOKENS,
                pad_token_id=tokenizer.eos_token_id,
            )[:, batch["input_ids"].shape[1] :]  # fmt: skip
            tokens += int((written != tokenizer.eos_token_id).sum())
    return Ran(time.perf_counter() - start, tokens)


def run_inspect(requests: list[Any]) -> Ran:
    """Asks Inspect's `hf` provider, all calls at once."""
    from inspect_ai.model import ChatMessageAssistant, ChatMessageSystem, ChatMessageUser, GenerateConfig, get_model

    folder = str(base().folder)
    kinds: dict[str, Any] = {"system": ChatMessageSystem, "user": ChatMessageUser, "assistant": ChatMessageAssistant}
    model = get_model("hf/embedded", model_path=folder, tokenizer_path=folder, device=device(), torch_dtype="auto")
    config = GenerateConfig(temperature=0.7, top_p=0.95, top_k=50, max_tokens=TOKENS, max_connections=PEER_BATCH)
    calls = [[kinds[turn.role](content=turn.content) for turn in request.messages] for request in requests]

    async def ask() -> int:
        outputs: list[Any] = await asyncio.gather(*(model.api.generate(call, [], "none", config) for call in calls))
        return sum(output.usage.output_tokens for output in outputs)

    start = time.perf_counter()
    tokens = asyncio.run(ask())
    return Ran(time.perf_counter() - start, tokens)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, default=1000)
    parser.add_argument("--sample", type=int, default=1000, help="answers that the peers write")
    model_option(parser)
    given = parser.parse_args()
    with chosen(given.model):
        compare(given)


def compare(given: argparse.Namespace) -> None:
    """Prints the table of the chosen model."""
    requests = prompts(given.answers)
    some = random.Random(1).sample(requests, min(given.sample, len(requests)))
    print(machine())
    contenders = [
        ("doxa", run_doxa, requests),
        (f"transformers.generate, batches of {PEER_BATCH}", run_transformers, some),
        ("Inspect `hf`", run_inspect, some),
    ]
    rows: list[list[str]] = []
    first = 0.0
    for name, run, asked in contenders:
        measured = alone(run, asked)
        found: Ran = measured.result
        whole = found.seconds * len(requests) / len(asked)
        first = first or whole
        ratio = "1" if whole == first else f"{whole / first:.1f}x slower"
        speed = f"{found.tokens / found.seconds:.0f}"
        rows.append([name, f"{len(asked):,}", f"{whole:.0f}", speed, ratio, f"{measured.peak:.1f}"])
    columns = ["", "answers written", f"seconds for {len(requests):,}", "tokens/s", "ratio", "peak GB"]
    show(f"{len(requests):,} answers of up to {TOKENS} tokens", columns, rows)
    print(f"\nload at the end: {machine().rsplit(' ', 1)[1]}")


if __name__ == "__main__":
    main()
