"""Decoding keeps to the memory it is given, and goes on with fewer rows where that runs out all the same."""

import weakref
from collections.abc import Iterator
from typing import Any

import pytest
import torch

from doxa.errors import InputError
from doxa.models.local import decoding, prefill
from doxa.models.local.body import Body
from doxa.models.local.model import LocalModel
from doxa.models.local.prefill import Run
from doxa.models.local.slots import Slots
from doxa.models.local.weights import Base
from doxa.models.protocol import GenerateRequest, Message, Sampling

LAYERS, GROUPS, WIDTH = 3, 2, 8  # of the tiny model
COLUMN = 2 * 4 * LAYERS * GROUPS * WIDTH  # bytes that a token's keys and values take


def requests(count: int, tokens: int = 9) -> list[GenerateRequest]:
    """Prompts of different lengths that share next to nothing."""
    sampling = Sampling(max_tokens=tokens)
    return [
        GenerateRequest(messages=(Message(role="user", content=f"{n} {'q' * (n % 30)}"),), sampling=sampling)
        for n in range(count)
    ]


def answers_of(model: LocalModel, asked: list[GenerateRequest]) -> list[str]:
    found = dict(pair for batch in model.generate(asked) for pair in batch)
    return [found[index].text for index in range(len(asked))]


def size(run: Run) -> int:
    """Bytes of the keys and values that a pass has kept."""
    return sum(tensor.nbytes for pair in run.own for tensor in pair)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[weakref.ref[Run]]:
    """Makes passes small, and returns all that are made, without keeping any alive."""
    passes: list[weakref.ref[Run]] = []

    def noted(*given: Any, **named: Any) -> Iterator[Run]:
        for run in run_tree(*given, **named):
            passes.append(weakref.ref(run))
            yield run

    run_tree = decoding.run_tree
    monkeypatch.setattr(decoding, "run_tree", noted)
    monkeypatch.setitem(prefill.PASS_TOKENS, "cpu", 64)
    monkeypatch.setitem(prefill.UNIT_TOKENS, "cpu", 32)
    return passes


def test_what_waits_for_a_row_keeps_to_its_share(
    tiny_base: Base, made: list[weakref.ref[Run]], monkeypatch: pytest.MonkeyPatch
):
    """Once, 128 prompts were run ahead whatever they held, and each kept its whole pass until its answer ended."""
    memory = 400_000
    held: list[int] = []

    def step(slots: Slots, tokens: torch.Tensor) -> torch.Tensor:
        held.append(sum(size(run) for ref in made if (run := ref()) is not None))
        return plain_step(slots, tokens)

    plain_step = Slots.step
    monkeypatch.setattr(Slots, "step", step)
    asked = requests(140, tokens=16)
    wanted = answers_of(LocalModel(tiny_base), asked)
    held.clear()
    assert answers_of(LocalModel(tiny_base, memory=memory), asked) == wanted
    assert max(held) <= memory // 4 + 2 * 64 * COLUMN, "a pass is run whole, and the last one stays"


def test_a_pass_is_let_go_once_its_lines_decode(
    tiny_base: Base, made: list[weakref.ref[Run]], monkeypatch: pytest.MonkeyPatch
):
    alive: list[int] = []

    def step(slots: Slots, tokens: torch.Tensor) -> torch.Tensor:
        alive.append(sum(ref() is not None for ref in made))
        return plain_step(slots, tokens)

    plain_step = Slots.step
    monkeypatch.setattr(Slots, "step", step)
    answers_of(LocalModel(tiny_base), requests(40))
    assert len(made) > 9
    assert max(alive) <= 1, "all 40 have rows; only what ran the last pass still knows it"


def test_slots_take_no_more_than_their_share_as_they_grow(tiny_base: Base, monkeypatch: pytest.MonkeyPatch):
    """Once, rows were doubled past what fits, and kept when their columns grew."""
    memory = 400_000
    taken: list[int] = []

    def step(slots: Slots, tokens: torch.Tensor) -> torch.Tensor:
        hidden = plain_step(slots, tokens)
        taken.append(sum(tensor.nbytes for pair in slots._layers for tensor in pair))
        return hidden

    long = Sampling(max_tokens=120)
    asked = [
        request.model_copy(update={"sampling": long}) if n % 9 == 8 else request
        for n, request in enumerate(requests(45, tokens=20))
    ]
    wanted = answers_of(LocalModel(tiny_base), asked)
    plain_step = Slots.step
    monkeypatch.setattr(Slots, "step", step)
    assert answers_of(LocalModel(tiny_base, memory=memory), asked) == wanted
    assert memory // 8 < max(taken) <= memory // 2


@pytest.mark.parametrize("most", [1, 5, 20])
def test_memory_that_runs_out_where_lines_join_means_fewer_rows(
    tiny_base: Base, monkeypatch: pytest.MonkeyPatch, most: int
):
    """Once, only a step was prepared for it, and a run ended where an answer was given its row."""
    asked = requests(50)
    wanted = answers_of(LocalModel(tiny_base), asked)
    failed: list[int] = []

    def add(slots: Slots, *rest: Any) -> None:
        if len(slots._lengths) >= most:
            failed.append(1)
            raise torch.OutOfMemoryError("injected")
        plain_add(slots, *rest)

    plain_add = Slots.add
    monkeypatch.setattr(Slots, "add", add)
    assert answers_of(LocalModel(tiny_base), asked) == wanted
    assert failed


def test_what_ended_with_its_first_token_is_kept_where_the_step_behind_it_fails(
    tiny_base: Base, monkeypatch: pytest.MonkeyPatch
):
    """Once, such answers were neither given nor begun anew."""
    asked = [*requests(10, tokens=1), *requests(20)]
    wanted = answers_of(LocalModel(tiny_base), asked)

    def step(slots: Slots, tokens: torch.Tensor) -> torch.Tensor:
        if len(tokens) > 4:
            raise torch.OutOfMemoryError("injected")
        return plain_step(slots, tokens)

    plain_step = Slots.step
    monkeypatch.setattr(Slots, "step", step)
    assert answers_of(LocalModel(tiny_base), asked) == wanted


def test_memory_that_suffices_for_no_row_is_one_clear_error(tiny_base: Base, monkeypatch: pytest.MonkeyPatch):
    def logits(*_: object) -> torch.Tensor:
        raise torch.OutOfMemoryError("injected")

    subject = LocalModel(tiny_base)
    answers_of(subject, requests(1))
    monkeypatch.setattr(Body, "logits", logits)
    with pytest.raises(InputError, match="memory does not suffice for a single answer"):
        answers_of(subject, requests(3))
