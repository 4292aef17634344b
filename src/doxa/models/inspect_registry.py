"""What Inspect finds of doxa through its entry point; light, since every `inspect` command imports it."""

from inspect_ai.model import ModelAPI, modelapi


@modelapi(name="doxa")
def doxa() -> type[ModelAPI]:
    """The local engine as `doxa/<base>[:<adapter folder>]`."""
    from doxa.models.inspect_provider import DoxaAPI

    return DoxaAPI
