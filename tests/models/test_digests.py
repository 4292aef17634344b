"""Which files name a model, and that what is slow to hash is hashed once."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from huggingface_hub.errors import LocalEntryNotFoundError

from doxa.errors import MissingError
from doxa.models.local.weights import find_base, read_adapter

LARGE = 2**26  # bytes
USUAL = ("config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "vocab.json")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DOXA_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def model(folder: Path, shards: int = 1) -> Path:
    """Writes a folder as Hugging Face repositories usually are."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in USUAL:
        (folder / name).write_text(f'{{"this is": "{name}"}}')
    names = ["model.safetensors"]
    if shards > 1:
        names = [f"model-{n + 1:05}-of-{shards:05}.safetensors" for n in range(shards)]
        index = {"weight_map": {f"layer {n}": name for n, name in enumerate(names)}}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    for name in names:
        (folder / name).write_bytes(name.encode())
    return folder


def identity(folder: Path) -> str:
    return find_base(str(folder)).digest


# As they were when every .safetensors, .bin, .json, .jinja and .model file counted: ledgers and adapters know them.
@pytest.mark.parametrize(("shards", "digest"), [(1, "78cbb152c94e53a8"), (3, "cf4ebc5156fa7124")])
def test_the_identity_of_a_usual_folder_is_what_it_always_was(tmp_path: Path, shards: int, digest: str):
    assert identity(model(tmp_path / "m", shards)) == digest


@pytest.mark.parametrize("shards", [1, 3])
def test_only_what_is_loaded_counts(tmp_path: Path, shards: int):
    folder = model(tmp_path / "m", shards)
    before = identity(folder)
    for name in ("trainer_state.json", "training_args.bin", "pytorch_model.bin", "extra.safetensors", "notes.jinja"):
        (folder / name).write_text("came later")
        assert identity(folder) == before, name
    for name in (*USUAL, "chat_template.jinja", "tokenizer.model", *(path.name for path in folder.glob("model*"))):
        old = (folder / name).read_bytes() if (folder / name).exists() else None
        (folder / name).write_bytes((old or b"") + b" ")
        assert identity(folder) != before, name
        (folder / name).unlink() if old is None else (folder / name).write_bytes(old)
    assert identity(folder) == before


def test_an_index_that_says_nothing_is_named(tmp_path: Path):
    folder = model(tmp_path / "m", 2)
    (folder / "model.safetensors.index.json").write_text("[]")
    with pytest.raises(MissingError, match=r"model\.safetensors\.index\.json does not say which files"):
        find_base(str(folder))


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, list[str]]:
    """Returns a model with large weights, and the names of those weights that are hashed from now on."""
    folder, hashed = model(tmp_path / "large"), []
    os.truncate(folder / "model.safetensors", LARGE)  # takes no place on the disk
    straight = hashlib.file_digest

    def noted(file: BinaryIO, kind: str) -> Any:
        if file.name.endswith(".safetensors"):
            hashed.append(Path(file.name).name)
        return straight(file, kind)

    monkeypatch.setattr(hashlib, "file_digest", noted)
    return folder, hashed


def test_large_weights_are_hashed_once_until_they_change(large: tuple[Path, list[str]], cache: Path):
    folder, hashed = large
    first = identity(folder)
    assert identity(folder) == first
    assert hashed == ["model.safetensors"]
    times = (folder / "model.safetensors").stat()
    with (folder / "model.safetensors").open("rb+") as file:
        file.write(b"other")
    os.utime(folder / "model.safetensors", ns=(times.st_atime_ns, times.st_mtime_ns))  # as some copying tools do
    second = identity(folder)
    assert second != first
    for memory in (cache / "digests").iterdir():
        memory.write_text("{broken")
    assert identity(folder) == second


def test_where_nothing_can_be_remembered_all_is_hashed_again(large: tuple[Path, list[str]], cache: Path):
    folder, hashed = large
    cache.write_text("a file, and no folder")
    assert identity(folder) == identity(folder)
    assert len(hashed) == 2


class Hub:
    """Stands for Hugging Face: `here` is on this machine, and a download makes it whole unless `lacks_weights`."""

    def __init__(self, here: Path, shards: int = 1, lacks_weights: bool = False) -> None:
        self.here, self.shards, self.lacks_weights, self.downloads = here, shards, lacks_weights, 0

    def __call__(self, name: str, local_files_only: bool = False, **_: Any) -> str:
        if local_files_only:
            if not self.here.exists():
                raise LocalEntryNotFoundError("nothing here")
            return str(self.here)
        self.downloads += 1
        model(self.here, self.shards)
        if self.lacks_weights:
            (self.here / "model.safetensors").unlink()
        return str(self.here)


@pytest.mark.parametrize(
    "lost", ["model.safetensors.index.json", "model-00002-of-00003.safetensors", "config.json", None]
)
def test_a_snapshot_that_lacks_a_part_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: str | None):
    hub = Hub(model(tmp_path / "snapshot", 3), 3)
    monkeypatch.setattr("huggingface_hub.snapshot_download", hub)
    whole = find_base("owner/name")
    assert hub.downloads == 0
    for path in hub.here.iterdir():
        if path.name == lost or (lost is None and path.name.startswith("model")):
            path.unlink()
    assert find_base("owner/name") == whole
    assert hub.downloads == 1


def test_a_model_without_safetensors_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("huggingface_hub.snapshot_download", Hub(tmp_path / "snapshot", lacks_weights=True))
    with pytest.raises(MissingError, match=r"'owner/name' has no \*\.safetensors for all of its weights"):
        find_base("owner/name")


def test_an_adapter_in_the_old_format_is_named(tmp_path: Path):
    (tmp_path / "adapter_config.json").write_text('{"peft_type": "LORA"}')
    (tmp_path / "adapter_model.bin").write_bytes(b"pickled")
    with pytest.raises(MissingError, match=r"has no adapter_model\.safetensors; convert it"):
        read_adapter(tmp_path)
