"""Ways to look into a page of the report whose policy forbids a browser driver's own waiting."""

import time
from typing import Any


def until(page: Any, holds: str) -> None:
    """Waits for an expression to hold; the page's policy lets no text be run from inside it."""
    ends = time.monotonic() + 10
    while not page.evaluate(holds):
        assert time.monotonic() < ends, f"never: {holds}"
        page.wait_for_timeout(20)
