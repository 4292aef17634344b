"""What benchmarks time is still what doxa plans: their work is made here, and not timed."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(FOLDER))
    return import_module


@pytest.mark.parametrize("name", ["generation", "likelihood_grid", "training"])
def test_the_engine_benchmarks_can_be_started(benchmark: Any, name: str):
    assert callable(benchmark(name).main)


def test_answers_are_asked_behind_shared_beginnings(benchmark: Any):
    requests = benchmark("generation").prompts(40)
    assert len(requests) == 40
    assert len({(request.messages, request.sample) for request in requests}) == 40
    assert len({request.messages[0].content for request in requests}) < 15


def test_the_grid_holds_every_intervention_and_metric(benchmark: Any):
    asked = benchmark("likelihood_grid").grid(2)
    assert len(asked.base) == 6, "and the finetuned subject"
    assert asked.items == 7 * 4 * 2
    assert asked.finetuned
