"""Is a model here or behind an API? `embedded`, a folder or a Hugging Face id against any Inspect model name."""

from pathlib import Path

from doxa.models.local.weights import EMBEDDED, HUB_PREFIX

# Inspect's providers: a name that starts with one of them is hosted. Any other `owner/name` is a Hugging Face id, and
# `hf:owner/name` always is.
HOSTED_PROVIDERS = (
    "anthropic", "azureai", "bedrock", "cf", "cloudflare", "deepseek", "fireworks", "google", "grok", "groq",
    "hf-inference-providers", "llama-cpp-python", "mistral", "mockllm", "moonshot", "ollama", "openai", "openai-api",
    "openrouter", "perplexity", "sagemaker", "sambanova", "sglang", "together", "vertex", "vllm",
)  # fmt: skip
_ALSO_ON_HUB = {"google", "openai"}  # providers that are organisations of the same name on Hugging Face, with weights


def is_hosted(name: str) -> bool:
    """Whether a model name means one behind an API."""
    return name != EMBEDDED and not Path(name).expanduser().is_dir() and name.split("/")[0] in HOSTED_PROVIDERS


def hub_hint(name: str) -> str:
    """Returns what to add to an error about a hosted model whose name could also be meant as a Hugging Face id."""
    owner, *rest = name.split("/")
    if owner not in _ALSO_ON_HUB or len(rest) != 1:
        return ""
    return f"; for the Hugging Face model write {HUB_PREFIX}{name}"
