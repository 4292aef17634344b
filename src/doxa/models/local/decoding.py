"""Sample answers: rows decode side by side, and a row that is done makes room for the next prompt at once.

A row's random numbers depend on its own seed, sample number and prompt only. Its logits do not depend on its neighbours
in exact arithmetic; in floating point the last bits may, since matrix products of other shapes add up in another order.
"""

import json
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
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
READY_SHARE = 4  # one part in so many of the memory is for passes whose prompts wait for a row


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
        beginning: What stands before the line's own columns.
    """

    place: int
    prompt: Prompt
    random: np.random.Generator
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


class _Ready(NamedTuple):
    """A line that waits for a row; apart from the line, so that the pass is let go where the row decodes.

    Attributes:
        line: The line.
        run: The pass that ran the end of its prompt.
        spot: Row and column of the prompt's last token in that pass.
    """

    line: _Line
    run: Run
    spot: tuple[int, int]


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

    Raises:
        InputError: Memory does not suffice for a single answer.
    """
    arriving = _lines(body, prompts, budget)
    ready: deque[_Ready] = deque()
    slots = Slots(body, budget.memory)
    active: list[_Line] = []
    again: list[int] = []  # places of lines that had to give way
    while True:
        joining: list[_Ready] = []
        if not active or rows - len(active) >= max(1, rows // REFILL):
            _fill(ready, arriving, rows - len(active), budget.memory // READY_SHARE // body.cache_bytes)
            joining = _fitting(ready, active, slots, rows)
        lines = [*active, *(each.line for each in joining)]
        if not lines:
            break
        finished: list[_Line] = []
        try:
            finished += _join(body, slots, active, joining, stops)
            if active:
                finished += _step(body, slots, active, stops)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            if len(lines) < 2:
                raise InputError("memory does not suffice for a single answer; use a smaller model") from None
            # All begin anew, fewer at a time: half a step may have used up random numbers of some.
            rows = len(lines) // 2
            again += [line.place for line in lines if line not in finished]
            active, slots = [], Slots(body, budget.memory)
        if finished:
            yield [(line.place, Written(line.tokens, line.logprobs, line.stop or "length")) for line in finished]
    del slots  # those that begin anew have their own
    for batch in decode(body, [prompts[place] for place in again], budget, stops, rows) if again else ():
        yield [(again[place], written) for place, written in batch]


def _fill(ready: deque[_Ready], arriving: Iterator[list[_Ready]], wanted: int, most: int) -> None:
    """Runs prompts until `wanted` lines are ready, or until their passes hold `most` columns."""
    while len(ready) < wanted and (not ready or _held(ready) < most):
        several = next(arriving, None)
        if several is None:
            return
        ready += several


def _held(ready: Iterable[_Ready]) -> int:
    """Returns how many columns stand in memory for lines that wait: all of a pass, as long as one line needs it."""
    runs = {id(each.run): each.run for each in ready}
    return sum(run.hidden.shape[0] * run.hidden.shape[1] for run in runs.values())


def _fitting(ready: deque[_Ready], active: Sequence[_Line], slots: Slots, rows: int) -> list[_Ready]:
    """Takes off the lines that find room beside the active ones; a line alone always does."""
    joining: list[_Ready] = []
    most = max((line.columns for line in active), default=0)
    while ready and (count := len(active) + len(joining)) < rows:
        most = max(most, ready[0].line.columns)
        if count and not slots.fits(count + 1, most):
            break
        joining.append(ready.popleft())
    return joining


def _join(body: Body, slots: Slots, active: list[_Line], joining: list[_Ready], stops: set[int]) -> list[_Line]:
    """Draws the first token of lines that join and gives them slots; returns those that ended with it."""
    if not joining:
        return []
    lines = [each.line for each in joining]
    _draw(body, lines, torch.stack([each.run.hidden[each.spot] for each in joining]), stops)
    for each in joining:
        if not each.line.stop:
            slots.add(each.line.beginning, _own(each))
            active.append(each.line)
    joining.clear()  # and with them their passes, whose columns are in the slots now
    return [line for line in lines if line.stop]


def _step(body: Body, slots: Slots, active: list[_Line], stops: set[int]) -> list[_Line]:
    """Draws a further token of every active line; those that end leave and are returned."""
    last = torch.tensor([line.tokens[-1] for line in active])
    _draw(body, active, slots.step(last), stops)
    finished: list[_Line] = []
    for row in range(len(active) - 1, -1, -1):
        if active[row].stop:
            finished.append(active[row])
            slots.remove(row)
            active[row] = active[-1]
            active.pop()
    return finished


def _lines(body: Body, prompts: Sequence[Prompt], budget: Budget) -> Iterator[list[_Ready]]:
    """Runs the prompts as a prefix tree and yields the lines that each pass makes ready."""
    places: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for place, prompt in enumerate(prompts):
        places[tuple(prompt.tokens)].append(place)
    root, ends = grow(list(places))
    ending = dict(zip(ends, places.values(), strict=True))
    for run in run_tree(body, root, budget, keep=True):
        lines: list[_Ready] = []
        for node, row, column in run.places:
            beginning = run.beginning
            # A prompt that ends in a trunk has no columns of its own.
            if beginning is not None and run.ends is None:
                beginning = beginning.cut(node.end)
            spot = row, column + node.end - node.start - 1
            for place in ending.pop(node, ()):
                prompt = prompts[place]
                lines.append(_Ready(_Line(place, prompt, _random(prompt), beginning), run, spot))
        if lines:
            yield lines


def _own(ready: _Ready) -> list[tuple[Tensor, Tensor]]:
    """Returns the keys and values of a line's own columns, layer by layer, each (groups, columns, width)."""
    run, (row, column) = ready.run, ready.spot
    if run.ends is None:
        return []
    path = (run.ends[row, : column + 1] > column).nonzero()[:, 0].to(run.hidden.device)
    return [(keys[row][:, path], values[row][:, path]) for keys, values in run.own]


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
