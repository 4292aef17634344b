"""`doxa doctor`: what is here, what can answer, and how to get what is missing."""

import importlib.metadata
import importlib.util
import os
import platform

import click

LOCAL = ("torch", "transformers", "peft", "trl", "accelerate", "gguf")
PROVIDERS = {
    "anthropic": "ANTHROPIC_API_KEY",
    "openai": "OPENAI_API_KEY",
    "google": "GOOGLE_API_KEY",
    "openrouter": "OPENROUTER_API_KEY",
    "together": "TOGETHER_API_KEY",
}


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(as_json: bool) -> None:
    """Say what is installed, which models can answer, and how to get what is missing."""
    import json

    found = diagnose()
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    for section, lines in found.items():
        click.echo(f"{section}:")
        for name, state in lines.items():
            click.echo(f"  {name:<14} {state}")


def diagnose() -> dict[str, dict[str, str]]:
    """Returns what was found, by section and name. Loads no model and reads no key's value."""
    from doxa.models.local.weights import INSTALL_EMBEDDED, cache_folder, embedded_gguf

    packages = {name: _version(name) or "missing; pip install 'doxa[local]'" for name in LOCAL}
    local = all(_version(name) for name in LOCAL)
    embedded = "ready" if local and embedded_gguf() else f"missing; {INSTALL_EMBEDDED}"
    if embedded_gguf() and not local:
        embedded = "weights are here, packages are not; pip install 'doxa[local]'"
    models = {"embedded": embedded, "local folders": "ready" if local else "pip install 'doxa[local]'"}
    for provider, variable in PROVIDERS.items():
        package = {"openrouter": "openai", "together": "openai", "google": "google.genai"}.get(provider, provider)
        install = "" if _importable(package) else f"pip install {package.replace('.', '-')}"
        if os.environ.get(variable):
            state = f"{variable} is set; {install}" if install else f"ready ({variable} is set)"
        else:
            state = f"no key; set {variable}" + (f", and {install}" if install else "")
        models[f"{provider}/..."] = state
    machine = {
        "python": platform.python_version(),
        "cores": str(os.cpu_count()),
        "GPU": _gpu(),
        "cache": str(cache_folder()),
    }
    return {"machine": machine, "packages": packages, "models": models}


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _importable(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def _gpu() -> str:
    if not _version("torch"):
        return "unknown (torch is not installed)"
    import torch

    return torch.cuda.get_device_name() if torch.cuda.is_available() else "none"
