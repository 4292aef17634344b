"""Is a model here or behind an API? `embedded`, a folder or a Hugging Face id against any Inspect model name."""

from pathlib import Path

from doxa.models.local.weights import EMBEDDED

# Inspect's providers: a name that starts with one of them is hosted. Any other `owner/name` is a Hugging Face id, and
# `hf:owner/name` always is.
HOSTED_PROVIDERS = (
    "anthropic", "azureai", "bedrock", "cf", "cloudflare", "deepseek", "fireworks", "google", "grok", "groq",
    "hf-inference-providers", "llama-cpp-python", "mistral", "mockllm", "moonshot", "ollama", "openai", "openai-api",
    "openrouter", "perplexity", "sagemaker", "sambanova", "sglang", "together", "vertex", "vllm",
)  # fmt: skip


def is_hosted(name: str) -> bool:
    """Whether a model name means one behind an API."""
    return name != EMBEDDED and not Path(name).expanduser().is_dir() and name.split("/")[0] in HOSTED_PROVIDERS
