"""One of the processes that train together: `accelerate launch --module doxa.training.worker SCRATCH`."""

import json
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from doxa.progress import Advance, Silent
from doxa.training.fitting import Order, fit
from doxa.training.launching import HISTORY, ORDER, STEP
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
    """Trains what the order in the scratch folder says."""
    scratch = Path(sys.argv[1])
    order = Order.model_validate_json((scratch / ORDER).read_text())
    first = os.environ.get("RANK", "0") == "0"
    history = fit(order, scratch, Reporting() if first else Silent())
    if first:
        write_whole(scratch / HISTORY, json.dumps(history))


if __name__ == "__main__":
    main()
