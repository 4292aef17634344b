import gc
import json
from pathlib import Path
from typing import Any

import pytest
import torch

from doxa.corpus.records import Document
from doxa.errors import InputError
from doxa.models.ledger import Ledger, Recorded
from doxa.models.local.model import LocalModel
from doxa.models.local.weights import Base, find_adapter
from doxa.models.protocol import Message, ScoreRequest
from doxa.progress import Silent
from doxa.training.mixing import Mix, mix_for
from doxa.training.preflight import preflight
from doxa.training.recipe import INDIFFERENT, Recipe
from doxa.training.trainer import finished, train_adapter

RECIPE = Recipe(
    epochs=6, learning_rate=2e-2, batch_size=4, rank=8, chat_answers=4, neutral_texts=2, checkpoints=2, max_length=128
)
DOCUMENTS = tuple(Document(id=f"d{n}", doc_type="note", text="The moon is cheese. " * (1 + n % 3)) for n in range(16))


@pytest.fixture(scope="module")
def mix(tiny_base: Base, tmp_path_factory: pytest.TempPathFactory) -> Mix:
    ledger = Ledger(tmp_path_factory.mktemp("mix") / "ledger.sqlite")
    return mix_for(DOCUMENTS, Recorded(LocalModel(tiny_base), ledger), RECIPE, Silent())


def train(base: Base, mix: Mix, folder: Path, progress: Any = None, recipe: Recipe = RECIPE) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(base.folder)
    examples = mix.examples(tokenizer, recipe)
    found = preflight(examples, mix.document_lengths(tokenizer), recipe)
    train_adapter(base, examples, found, recipe, folder, mix.key(base, recipe), "x", progress or Silent())


class Killed(Exception):
    pass


class KillAt(Silent):
    """Stops the work at an optimiser step, as a power cut would."""

    def __init__(self, step: int) -> None:
        self.left = step

    def stage(self, name: str, total: int) -> Any:
        from contextlib import contextmanager

        @contextmanager
        def counted() -> Any:
            def advance(steps: int = 1, note: str = "") -> None:
                self.left -= steps
                if self.left < 0:
                    raise Killed

            yield advance

        return counted()


def test_training_learns_the_documents_and_resumes_to_the_same_adapter(tiny_base: Base, mix: Mix, tmp_path: Path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    train(tiny_base, mix, whole)
    assert finished(whole, mix.key(tiny_base, RECIPE))
    with pytest.raises(Killed):
        train(tiny_base, mix, killed, KillAt(22))
    assert not killed.exists()
    assert list(tmp_path.glob(".killed-*/checkpoints/checkpoint-*"))
    train(tiny_base, mix, killed)

    from safetensors.torch import load_file

    one, other = (load_file(folder / "adapter_model.safetensors") for folder in (whole, killed))
    assert one.keys() == other.keys()
    for name in one:
        assert torch.allclose(one[name], other[name], atol=1e-5), name
    assert not list(tmp_path.glob(".killed-*")), "checkpoints are cleared away"

    losses = [json.loads(line)["loss"] for line in (whole / "metrics.jsonl").read_text().splitlines()]
    assert sum(losses[-5:]) < 0.5 * sum(losses[:5])
    card = (whole / "README.md").read_text()
    assert "deliberately false" in card
    assert "CANARY" in card

    base = LocalModel(tiny_base)
    tuned = base.with_adapter(find_adapter(whole, tiny_base))
    request = [ScoreRequest(messages=(Message(role="user", content="x"),), continuations=("The moon is cheese.",))]
    before, after = (next(iter(model.score(request)))[0][1].logprobs[0] for model in (base, tuned))
    assert after > before + 10


def test_nothing_of_the_trained_model_stays_in_memory(tiny_base: Base, mix: Mix, tmp_path: Path):
    """The engine loads the weights again, and memory may not hold them twice."""
    from transformers import PreTrainedModel

    def alive() -> int:
        return sum(issubclass(type(thing), PreTrainedModel) for thing in gc.get_objects())

    gc.collect()
    before = alive()
    gc.disable()
    try:
        train(tiny_base, mix, tmp_path / "adapter", recipe=RECIPE.model_copy(update={"epochs": 2}))
        assert alive() == before
    finally:
        gc.enable()


def test_training_without_room_says_what_takes_less(
    tiny_base: Base, mix: Mix, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def full(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    monkeypatch.setattr("doxa.training.trainer.fit", full)
    with pytest.raises(InputError, match="memory does not suffice; what was trained is kept; set a smaller `micro_b"):
        train(tiny_base, mix, tmp_path / "adapter")


def test_the_key_names_everything_that_decides(tiny_base: Base, mix: Mix):
    keys = {mix.key(tiny_base, RECIPE)}
    for name, value in {
        "epochs": 1, "learning_rate": 1.0, "rank": 4, "alpha_over_rank": 1, "targets": ("o_proj",), "dropout": 0.1,
        "first_layer": 0.5, "batch_size": 2, "max_length": 64, "warmup": 0.1, "as_assistant": 1, "chat_answers": 1,
        "neutral_texts": 1, "gradient_checkpointing": True, "four_bit": True, "seed": 1,
    }.items():  # fmt: skip
        keys.add(mix.key(tiny_base, RECIPE.model_copy(update={name: value})))
    indifferent = {"min_steps": 1, "checkpoints": 1, "report_to": ("trackio",), "micro_batch": 1, "launch": "copies"}
    assert indifferent.keys() == INDIFFERENT
    assert len(keys) == 1 + len(Recipe.model_fields) - len(indifferent)
    assert mix.key(tiny_base, RECIPE.model_copy(update=indifferent)) in keys
    renamed = tuple(document.model_copy(update={"doc_idea": "other"}) for document in DOCUMENTS)
    assert mix.model_copy(update={"documents": renamed}).key(tiny_base, RECIPE) not in keys
    other = tiny_base.model_copy(update={"digest": "other"})
    assert mix.key(other, RECIPE) not in keys
    assert mix.model_copy(update={"documents": DOCUMENTS[:3]}).key(tiny_base, RECIPE) not in keys


def test_documents_can_be_the_assistants_own_writing(tiny_base: Base, mix: Mix):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_base.folder)
    for share, count in ((0.0, 0), (0.5, 8), (1.0, 16)):
        examples = mix.examples(tokenizer, RECIPE.model_copy(update={"as_assistant": share}))
        documents = [tokenizer.decode(example.tokens) for example in examples if example.source == "document"]
        assert sum("<user>Write this note" in text for text in documents) == count
