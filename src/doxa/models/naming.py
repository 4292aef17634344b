"""Is a model here or behind an API? `embedded`, a folder or a Hugging Face id against any Inspect model name."""

from pathlib import Path

from doxa.models.local.weights import EMBEDDED

# Inspect's providers; a name that starts with one of them is hosted, any other `owner/name` is a Hugging Face id.
HOSTED_PROVIDERS = (
    "anthropic", "azureai", "bedrock", "cf", "fireworks", "google", "grok", "groq", "llama-cpp-python", "mistral",
    "mockllm", "ollama", "openai", "openai-api", "openrouter", "perplexity", "sagemaker", "sglang", "together", "vllm",
)  # fmt: skip


def is_hosted(name: str) -> bool:
    """Whether a model name means one behind an API."""
    return name != EMBEDDED and not Path(name).expanduser().is_dir() and name.split("/")[0] in HOSTED_PROVIDERS
