"""How many calls may be in flight: as many as the provider bears; slow increase, sharp decrease."""

from collections.abc import Callable

START = 16  # calls at once before anything is known of the provider
CUT = 0.7  # what a rate limit leaves of the calls at once
COOLDOWN = 1.0  # seconds between cuts: calls that were sent together hit one limit together
FIRST_WAIT, LONGEST_WAIT = 0.5, 60.0  # seconds before a call is tried again
MOST_DOUBLINGS = 30  # of that wait: enough for any first wait, and never a number that is too large
# Seconds of rate limits, with not one answer between them, that are waited out. A limit by the minute has passed by
# then; what has not is more likely a quota that is used up.
PATIENCE = 300.0


class Pace:
    """Tells how many calls may run at once and when the next one may start (AIMD with slow start, as TCP does).

    Args:
        most: Calls at once that are never exceeded.
        clock: Seconds on a clock that never goes back.
    """

    def __init__(self, most: int, clock: Callable[[], float]) -> None:
        self._most, self._clock = most, clock
        self._limit = float(min(START, most))
        self._probing = True  # until the first rate limit, every success adds a call: the limit doubles each round
        self._last_cut = float("-inf")
        self._resume = float("-inf")
        self._limited_since: float | None = None  # the first rate limit after the last answer

    @property
    def at_once(self) -> int:
        """Calls that may be in flight now."""
        return int(self._limit)

    def pause(self) -> float:
        """Returns the seconds until another call may start."""
        return max(0.0, self._resume - self._clock())

    def patient(self) -> bool:
        """Whether a rate limit is only to be waited out, and does not count as a failed attempt."""
        return self._limited_since is None or self._clock() - self._limited_since < PATIENCE

    def begin(self) -> None:
        """Hears that new calls begin: the limits of the last ones may be long over."""
        self._limited_since = None

    def succeeded(self) -> None:
        """Hears of an answer."""
        self._limited_since = None
        self._limit = min(self._most, self._limit + (1.0 if self._probing else 1.0 / self._limit))

    def limited(self, retry_after: float | None) -> None:
        """Hears of a rate limit, with the seconds that the provider asks to wait."""
        now = self._clock()
        self._resume = max(self._resume, now + (retry_after or 0.0))
        self._probing = False
        if self._limited_since is None:
            self._limited_since = now
        if now - self._last_cut >= COOLDOWN:
            self._last_cut = now
            self._limit = max(1.0, self._limit * CUT)


def wait_before(attempt: int, retry_after: float | None, jitter: float) -> float:
    """Returns the seconds before a call is tried again.

    Args:
        attempt: Failed attempts so far, from 1.
        retry_after: Seconds that the provider asks for; never waited less.
        jitter: Between 0 and 1, so that calls that failed together do not come back together.
    """
    backoff = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(attempt - 1, MOST_DOUBLINGS)) * (0.5 + jitter / 2)
    return max(backoff, retry_after or 0.0)
