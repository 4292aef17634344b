"""One of the processes that train together: `accelerate launch --module doxa.training.worker SCRATCH COUNT`."""

import json
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from doxa.errors import DoxaError, LaunchError
from doxa.progress import Advance, Silent
from doxa.training.fitting import Order, fit
from doxa.training.launching import HISTORY, ORDER, REFUSAL, STEP
from doxa.writing import write_whole


class Reporting(Silent):
    """Prints every step as a line that `launching` reads."""

    @contextmanager
    def stage(self, name: str, total: int) -> Generator[Advance]:
        """See `doxa.progress.Progress.stage`."""

        def advance(steps: int = 1, note: str = "") -> None:
            print(STEP + json.dumps([steps, note]), flush=True)

        yield advance


def main() -> None:
    """Trains what the order in the scratch folder says; why it cannot goes to the errors in one line."""
    try:
        _train()
    except DoxaError as error:
        sys.exit(REFUSAL + str(error))


def _train() -> None:
    scratch, count = Path(sys.argv[1]), int(sys.argv[2])
    if count != (started := int(os.environ.get("WORLD_SIZE", "1"))):
        raise LaunchError(f"the configuration started {started} processes where {count} were asked for")
    order = Order.model_validate_json((scratch / ORDER).read_text())
    first = os.environ.get("RANK", "0") == "0"
    history = fit(order, scratch, Reporting() if first else Silent())
    if first:
        write_whole(scratch / HISTORY, json.dumps(history))


if __name__ == "__main__":
    main()
