"""Open a model by its name: on the local engine, or behind an API, alone or recorded in a ledger."""

from typing import NamedTuple

from doxa.errors import InputError
from doxa.models.batches.model import BatchedModel
from doxa.models.costs import Wallet
from doxa.models.hosted import CONNECTIONS, RETRIES, TIMEOUT, HostedModel
from doxa.models.ledger import Ledger, Recorded
from doxa.models.local.model import LocalModel
from doxa.models.local.weights import find_base
from doxa.models.naming import is_hosted
from doxa.models.protocol import Model


def open_model(name: str, memory: int | None = None) -> Model:
    """Opens a model by name, local or hosted.

    Args:
        name: `embedded`, a folder, a Hugging Face id, or an Inspect model name such as `anthropic/claude-sonnet-4-5`.
        memory: Bytes that a local one may hold beyond its weights; None is what the machine has to spare.

    Raises:
        MissingError: There is no such model here, or its provider's package or key is missing.
    """
    if is_hosted(name):
        return HostedModel(name)
    return LocalModel(find_base(name), memory=memory)


def identity_of(name: str) -> str:
    """Returns the identity of a hosted model by its name, without opening it; a local name as it is."""
    return f"hosted:{name}" if is_hosted(name) else name


class Calling(NamedTuple):
    """How hosted models are called.

    Attributes:
        connections: Calls at once, at most.
        timeout: Seconds after which an attempt is given up.
        retries: Further attempts of a call before it counts as failed.
        batch: Whether to take the provider's batch API, which is slow and costs half.
    """

    connections: int = CONNECTIONS
    timeout: float = TIMEOUT
    retries: int = RETRIES
    batch: bool = False


STANDARD = Calling()


def open_recorded(name: str, ledger: Ledger, wallet: Wallet, calling: Calling = STANDARD) -> Recorded:
    """Opens a model whose calls go through a ledger; of a hosted one, each is noted before it is sent.

    Args:
        name: See `open_model`.
        ledger: Where calls are kept.
        wallet: Pays for hosted calls.
        calling: How, where it is hosted.

    Raises:
        MissingError: See `open_model`.
        InputError: A batch API is wanted where there is none.
    """
    if not is_hosted(name):
        if calling.batch:
            raise InputError(f"--batch: '{name}' runs here; only hosted models have a batch API")
        return Recorded(open_model(name), ledger)
    if calling.batch:
        return Recorded(BatchedModel(name, ledger, purse=wallet), ledger)
    return Recorded(HostedModel(name, calling.retries, calling.connections, calling.timeout, purse=wallet), ledger)
