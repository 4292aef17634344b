"""What TRL's trainer is told; builds no model."""

from pathlib import Path

import pytest

from doxa.corpus.records import Document
from doxa.errors import InputError, MissingError
from doxa.models.local.weights import Base
from doxa.training import fitting
from doxa.training.fitting import arguments
from doxa.training.mixing import Mix
from doxa.training.recipe import Recipe


def told(recipe: Recipe) -> dict[str, object]:
    return arguments(recipe, 50, Path("scratch"), cuda=False)


def test_nobody_hears_of_a_finetune_unless_asked_for(monkeypatch: pytest.MonkeyPatch):
    assert told(Recipe())["report_to"] == []
    monkeypatch.setattr(fitting, "find_spec", lambda name: object())
    with_trackers = told(Recipe(report_to=("tensorboard", "wandb")))
    assert with_trackers.pop("report_to") == ["tensorboard", "wandb"]
    assert with_trackers.items() <= told(Recipe()).items()


def test_a_tracker_that_is_not_installed_is_named_before_anything_is_trained(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fitting, "find_spec", lambda name: None)
    with pytest.raises(MissingError, match=r"report_to: trackio is not installed \(pip install trackio\)"):
        told(Recipe(report_to=("trackio",)))


def test_who_hears_of_a_finetune_does_not_name_it():
    base = Base.model_construct(digest="d")
    mix = Mix(documents=(Document(id="a", doc_type="note", text="x"),), chats=(), neutral=())
    assert mix.key(base, Recipe(report_to=("wandb",))) == mix.key(base, Recipe())
    assert mix.key(base, Recipe(rank=8)) != mix.key(base, Recipe())


def test_the_steps_decide_warmup_and_checkpoints():
    found = told(Recipe(warmup=0.1, checkpoints=4))
    assert (found["warmup_steps"], found["save_steps"], found["save_strategy"]) == (5, 10, "steps")
    assert told(Recipe(checkpoints=0))["save_strategy"] == "no"


def test_a_batch_is_the_same_however_it_is_divided():
    def sizes(recipe: Recipe, processes: int) -> tuple[object, object]:
        found = arguments(recipe, 50, Path("scratch"), cuda=False, processes=processes)
        return found["per_device_train_batch_size"], found["gradient_accumulation_steps"]

    assert sizes(Recipe(batch_size=8), 1) == (8, 1)
    assert sizes(Recipe(batch_size=8, micro_batch=2), 1) == (2, 4)
    assert sizes(Recipe(batch_size=8), 4) == (2, 1)
    assert sizes(Recipe(batch_size=8, micro_batch=1), 4) == (1, 2)
    with pytest.raises(InputError, match=r"batch_size: 8 sequences do not divide among 3 devices$"):
        sizes(Recipe(batch_size=8), 3)
    with pytest.raises(InputError, match=r"2 devices that take 3 at once \(training.micro_batch\)"):
        sizes(Recipe(batch_size=8, micro_batch=3), 2)
    with pytest.raises(InputError, match="divide among 4 devices"):
        sizes(Recipe(batch_size=2), 4)
