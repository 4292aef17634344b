"""Which files of a model folder are loaded, and the digest over them; what is slow to hash is remembered."""

import hashlib
import json
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from doxa.errors import MissingError
from doxa.writing import write_whole

# What transformers reads beside the weights. Anything else in the folder can come and go: it changes no answer.
_SETTINGS = {
    "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
    "added_tokens.json", "vocab.json", "tekken.json", "chat_template.jinja", "chat_template.json",
    "adapter_config.json", "adapter_model.safetensors",  # laid over the weights where they stand beside them
}  # fmt: skip
_VOCABULARY = ".model"  # sentencepiece's, under several names
_INDEX = ".index.json"  # says which file each weight is in
_SAFE, _PICKLED = "model.safetensors", "pytorch_model.bin"
_SHA256 = re.compile("[0-9a-f]{64}")
_SLOW = 2**25  # bytes from which a file's digest is remembered; fewer are hashed within 30 ms or so


def cache_folder() -> Path:
    """Returns the folder for what can be made again: `$DOXA_CACHE`, else the user's cache."""
    if chosen := os.environ.get("DOXA_CACHE"):
        return Path(chosen).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "doxa"


def loaded_files(folder: Path) -> list[Path]:
    """Returns the files that decide what a model answers: its weights, its configuration and its tokenizer.

    Raises:
        MissingError: The index of the weights cannot be read.
    """
    beside = [path for path in folder.iterdir() if path.name in _SETTINGS or path.suffix == _VOCABULARY]
    return [path for path in (*beside, *_weight_files(folder)) if path.is_file()]


def has_all_weights(folder: Path) -> bool:
    """Whether every safetensors file is here that holds a model's weights.

    Raises:
        MissingError: The index of the weights cannot be read.
    """
    index = folder / f"{_SAFE}{_INDEX}"
    return (folder / _SAFE).is_file() or (index.is_file() and all(shard.is_file() for shard in _shards(index)))


def digest_of(files: Iterable[Path], root: Path) -> str:
    """Returns the first 16 hex digits of the SHA-256 over the names and contents of files."""
    total = hashlib.sha256()
    for path in sorted(files):
        total.update(path.relative_to(root).as_posix().encode())
        total.update(bytes.fromhex(_content(path)))
    return total.hexdigest()[:16]


def _weight_files(folder: Path) -> list[Path]:
    """Returns the files of which transformers loads the weights, in the order in which it looks for them."""
    for name in (_SAFE, _PICKLED):
        whole, index = folder / name, folder / f"{name}{_INDEX}"
        if whole.is_file():
            return [whole]
        if index.is_file():
            return [index, *_shards(index)]
    return [*folder.glob("*.safetensors"), *folder.glob("*.bin")]  # of names that only the configuration can know


def _shards(index: Path) -> list[Path]:
    try:
        names: dict[str, str] = json.loads(index.read_bytes())["weight_map"]
        return [index.parent / name for name in sorted(set(names.values()))]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise MissingError(f"{index} does not say which files hold the weights; fetch the model again") from None


def _content(path: Path) -> str:
    """Returns the SHA-256 of a file's content; that of a large one is remembered until the file changes."""
    about = path.stat()
    if about.st_size < _SLOW:
        return _hashed(path)
    real = str(path.resolve())
    # Beside the time of the last change of the content, which can be set at will, that of any change, which cannot.
    stamp = {"path": real, "size": about.st_size, "modified": about.st_mtime_ns, "changed": about.st_ctime_ns}
    memory = cache_folder() / "digests" / f"{hashlib.sha256(real.encode()).hexdigest()[:32]}.json"
    with suppress(OSError, ValueError, AttributeError):
        known = json.loads(memory.read_bytes())
        digest = known.pop("sha256", "")
        if known == stamp and _SHA256.fullmatch(digest):
            return digest
    digest = _hashed(path)
    with suppress(OSError):  # what cannot be remembered is hashed again
        memory.parent.mkdir(parents=True, exist_ok=True)
        write_whole(memory, json.dumps({**stamp, "sha256": digest}))
    return digest


def _hashed(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
