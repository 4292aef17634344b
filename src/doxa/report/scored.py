"""What was scored in the likelihood readouts, read from a run's ledger: every prompt once, and numbers call by call."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from doxa.metrics.records import Readout, Row
from doxa.models.protocol import Message
from doxa.report.calls import scorings

# From which of its calls a readout is read: those by letter come first, then the answers behind their question, then
# the answers behind none (see `doxa.metrics.likelihood.text_prompts`).
READ_FROM: dict[Readout, slice] = {
    "likelihood.letter": slice(None, -2),
    "likelihood.text": slice(-2, -1),
    "likelihood.pmi": slice(-2, None),
}


class Scoring(NamedTuple):
    """One call, its words as places in `Scored`.

    Attributes:
        before: Role and prompt of each turn before the last.
        asked: Prompt of the last turn.
        fixed: Which fixed answers were scored.
        logprobs: Natural-log probability of each answer.
        tokens: Length of each.
    """

    before: tuple[tuple[str, int], ...]
    asked: int
    fixed: int
    logprobs: tuple[float, ...]
    tokens: tuple[int, ...]


class Scored(NamedTuple):
    """Several calls whose words are held once.

    Attributes:
        prompts: What was said in a turn, with the key of a call that holds it.
        fixed: Sets of fixed answers.
        calls: In the order asked for; None where the ledger has none that can be read.
    """

    prompts: dict[str, str]
    fixed: list[tuple[str, ...]]
    calls: list[Scoring | None]


def calls_scored(row: Row) -> tuple[str, ...]:
    """Returns the calls that a row of a likelihood readout is read from; none for other readouts."""
    return row.calls[READ_FROM[row.readout]] if row.readout in READ_FROM else ()


def read_scored(folder: Path, keys: Sequence[str]) -> Scored:
    """Reads calls from the ledger of a run.

    Args:
        folder: The run folder.
        keys: Of the calls, each once.
    """
    prompts: dict[str, tuple[int, str]] = {}
    fixed: dict[tuple[str, ...], int] = {}
    found: dict[str, Scoring] = {}
    for key, request, scores in scorings(folder, keys):

        def place(message: Message, key: str = key) -> int:
            return prompts.setdefault(message.content, (len(prompts), key))[0]

        *before, asked = request.messages
        found[key] = Scoring(
            before=tuple((message.role, place(message)) for message in before),
            asked=place(asked),
            fixed=fixed.setdefault(request.continuations, len(fixed)),
            logprobs=scores.logprobs,
            tokens=scores.tokens,
        )
    return Scored({text: key for text, (_, key) in prompts.items()}, list(fixed), [found.get(key) for key in keys])
