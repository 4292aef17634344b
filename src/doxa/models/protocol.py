"""The protocol of whoever answers: messages in, sampled answers or log-probabilities of fixed answers out."""

from collections.abc import Iterator, Sequence
from typing import Literal, Protocol, runtime_checkable

from pydantic import Field

from doxa.records import Record

Role = Literal["system", "user", "assistant"]
Stop = Literal["stop", "length", "filtered", "error"]


class Message(Record):
    """One turn of a conversation."""

    role: Role
    content: str


class Sampling(Record):
    """How answers are drawn. Temperature 0 is greedy; `top_k` 0 and `top_p` 1 cut nothing off."""

    temperature: float = Field(default=0.7, ge=0)
    top_p: float = Field(default=0.95, gt=0, le=1)
    top_k: int = Field(default=50, ge=0)
    max_tokens: int = Field(default=48, ge=1)
    seed: int = Field(default=0, ge=0)


class GenerateRequest(Record):
    """Ask for one sampled answer; `sample` tells draws of the same conversation apart.

    `raw` continues the text of the last message instead of answering it: no chat template.
    """

    messages: tuple[Message, ...] = Field(min_length=1)
    sampling: Sampling = Sampling()
    sample: int = 0
    raw: bool = False


class ScoreRequest(Record):
    """Ask how probable each continuation is as the assistant's answer to the messages."""

    messages: tuple[Message, ...] = Field(min_length=1)
    continuations: tuple[str, ...] = Field(min_length=1)


class Answer(Record):
    """A sampled answer.

    Attributes:
        text: What was said; of a failed call, why it failed.
        stop: Why it ended: `length` where the token limit cut it.
        tokens_in: Tokens of the prompt, as the model counts them.
        tokens_out: Tokens that were sampled.
        attempts: Attempts that it took, failed ones included.
        batched: Whether it came through a provider's batch API.
        logprob: Natural-log probability of the sampled tokens, summed, under the untempered model; None where unknown.
    """

    text: str
    stop: Stop
    tokens_in: int = 0
    tokens_out: int = 0
    attempts: int = 1
    batched: bool = False
    logprob: float | None = None


class Scores(Record):
    """For each continuation its summed natural-log probability and its length in tokens."""

    logprobs: tuple[float, ...]
    tokens: tuple[int, ...]


@runtime_checkable
class Model(Protocol):
    """Who answers. Requests come in any number; results come back as they are made, each with its request's index."""

    @property
    def identity(self) -> str:
        """Names the weights exactly: two models that could answer differently never share it."""
        ...

    def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[list[tuple[int, Answer]]]:
        """Yields batches of (index, answer)."""
        ...

    def score(self, requests: Sequence[ScoreRequest]) -> Iterator[list[tuple[int, Scores]]]:
        """Yields batches of (index, scores)."""
        ...
