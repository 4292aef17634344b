"""Sample answers: rows decode side by side, and a row that is done makes room for the next prompt at once.

A row's random numbers depend on its own seed, sample number and prompt only. Its logits do not depend on its neighbours
in exact arithmetic; in floating point the last bits may, since matrix products of other shapes add up in another order.
"""

import json
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from doxa.errors import InputError
from doxa.models.local.attention import Beginning
from doxa.models.local.body import Body
from doxa.models.local.memory import is_out_of_memory
from doxa.models.local.prefill import Budget, Run, run_tree
from doxa.models.local.sampling import draw_tokens, uniform_numbers
from doxa.models.local.slots import Slots
from doxa.models.local.trie import grow
from doxa.models.protocol import Sampling, Stop

ROWS = 128  # decoded side by side; on two cores more are not faster
REFILL = 8  # one part in so many of the rows must be free before prompts are run for them


class Prompt(NamedTuple):
    """What is continued, and how."""

    tokens: list[int]
    sampling: Sampling
    sample: int


class Written(NamedTuple):
    """A sampled continuation: its tokens, their natural-log probabilities under the untempered model, why it ended."""

    tokens: list[int]
    logprobs: list[float]
    stop: Stop


@dataclass(eq=False)
class _Line:
    """A prompt being continued.

    Attributes:
        place: Of the prompt among all.
        run: The pass that ran the end of the prompt.
        spot: Row and column of the prompt's last token in that pass.
        beginning: What stands before the line's own columns.
    """

    place: int
    prompt: Prompt
    random: np.random.Generator
    run: Run
    spot: tuple[int, int]
    beginning: Beginning | None
    tokens: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    stop: Stop | None = None

    @property
    def columns(self) -> int:
        """Own columns that the line may come to need."""
        before = 0 if self.beginning is None else self.beginning.length
        return len(self.prompt.tokens) - before + self.prompt.sampling.max_tokens

    def take(self, token: int, logprob: float, stops: set[int]) -> None:
        """Adds a drawn token, or ends."""
        if token in stops:
            self.stop = "stop"
            return
        self.tokens.append(token)
        self.logprobs.append(logprob)
        if len(self.tokens) == self.prompt.sampling.max_tokens:
            self.stop = "length"


@torch.inference_mode()
def decode(
    body: Body, prompts: Sequence[Prompt], budget: Budget, stops: set[int], rows: int = ROWS
) -> Iterator[list[tuple[int, Written]]]:
    """Yields (place, continuation) of the prompts, as they end.

    Args:
        body: The model.
        prompts: What is continued; none of them empty.
        budget: How much may be held.
        stops: Tokens that end an answer.
        rows: Decoded side by side at most.
    """
    arriving = _lines(body, prompts, budget)
    ready: deque[_Line] = deque()
    slots = Slots(body)
    active: list[_Line] = []
    again: list[int] = []  # places of lines that had to give way
    exhausted = False
    while True:
        finished: list[_Line] = []
        if not active or rows - len(active) >= max(1, rows // REFILL):
            while not exhausted and len(ready) < rows - len(active):
                several = next(arriving, None)
                exhausted = several is None
                ready += several or []
            admitted: list[_Line] = []
            while ready and len(active) + len(admitted) < rows:
                if active or admitted:
                    most = max(line.columns for line in (*active, *admitted, ready[0]))
                    if not slots.fits(len(active) + len(admitted) + 1, most, budget.memory):
                        break
                admitted.append(ready.popleft())
            if admitted:
                hidden = torch.stack([line.run.hidden[line.spot] for line in admitted])
                _draw(body, admitted, hidden, stops)
                finished += [line for line in admitted if line.stop]
                admitted = [line for line in admitted if not line.stop]
                for line in admitted:
                    slots.add(line.beginning, _own(line))
                active += admitted
        if not active and not finished:
            break
        if active:
            try:
                last = torch.tensor([line.tokens[-1] for line in active])
                hidden = slots.step(last)
                _draw(body, active, hidden, stops)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                if len(active) < 2:
                    raise InputError("memory does not suffice for a single answer; use a smaller model") from None
                # All begin anew, fewer at a time: half a step may have used up random numbers of some.
                rows = len(active) // 2
                again += [line.place for line in active]
                active, slots = [], Slots(body)
                continue
            for row in range(len(active) - 1, -1, -1):
                if active[row].stop:
                    finished.append(active[row])
                    slots.remove(row)
                    active[row] = active[-1]
                    active.pop()
        if finished:
            yield [(line.place, Written(line.tokens, line.logprobs, line.stop or "length")) for line in finished]
    for batch in decode(body, [prompts[place] for place in again], budget, stops, rows) if again else ():
        yield [(again[place], written) for place, written in batch]


def _lines(body: Body, prompts: Sequence[Prompt], budget: Budget) -> Iterator[list[_Line]]:
    """Runs the prompts as a prefix tree and yields the lines that each pass makes ready."""
    places: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for place, prompt in enumerate(prompts):
        places[tuple(prompt.tokens)].append(place)
    root, ends = grow(list(places))
    ending = dict(zip(ends, places.values(), strict=True))
    for run in run_tree(body, root, budget, keep=True):
        lines: list[_Line] = []
        for node, row, column in run.places:
            beginning = run.beginning
            # A prompt that ends in a trunk has no columns of its own.
            if beginning is not None and run.ends is None:
                beginning = beginning.cut(node.end)
            spot = row, column + node.end - node.start - 1
            for place in ending.pop(node, ()):
                prompt = prompts[place]
                lines.append(_Line(place, prompt, _random(prompt), run, spot, beginning))
        if lines:
            yield lines


def _own(line: _Line) -> list[tuple[Tensor, Tensor]]:
    """Returns the keys and values of a line's own columns, layer by layer, each (groups, columns, width)."""
    if line.run.ends is None:
        return []
    row, column = line.spot
    path = (line.run.ends[row, : column + 1] > column).nonzero()[:, 0].to(line.run.hidden.device)
    return [(keys[row][:, path], values[row][:, path]) for keys, values in line.run.own]


def _draw(body: Body, lines: Sequence[_Line], hidden: Tensor, stops: set[int]) -> None:
    """Draws each line's next token from its hidden state: (lines, width)."""
    logits = torch.cat([body.logits(part).float() for part in hidden.split(ROWS)])
    alike: dict[str, list[int]] = defaultdict(list)
    for place, line in enumerate(lines):
        alike[line.prompt.sampling.model_dump_json(include={"temperature", "top_k", "top_p"})].append(place)
    logprobs = logits.log_softmax(-1)
    for places in alike.values():
        some = torch.tensor(places, device=logits.device)
        uniform = uniform_numbers([lines[place].random for place in places]).to(logits.device)
        drawn = draw_tokens(logits[some], uniform, lines[places[0]].prompt.sampling)
        chances = logprobs[some, drawn]
        for place, token, logprob in zip(places, drawn.tolist(), chances.tolist(), strict=True):
            lines[place].take(token, logprob, stops)


def _random(prompt: Prompt) -> np.random.Generator:
    """Returns a line's own random numbers; the prompt is mixed in, so that two questions do not share theirs."""
    digest = sha256(json.dumps(prompt.tokens).encode()).digest()
    words = (int.from_bytes(digest[start : start + 4], "big") for start in (0, 4, 8, 12))
    return np.random.Generator(np.random.Philox(np.random.SeedSequence((prompt.sampling.seed, prompt.sample, *words))))
