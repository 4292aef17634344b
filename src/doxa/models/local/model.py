"""A subject on the local engine. It knows its identity unloaded; torch comes in with the first question."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from doxa.models.local.weights import Adapter, Base
from doxa.models.protocol import Answer, GenerateRequest, ScoreRequest, Scores

if TYPE_CHECKING:
    from doxa.models.local.engine import LocalEngine


class LocalModel:
    """The base model, or the base with one adapter.

    Args:
        base: The base model.
        adapter: The adapter that answers, or None for the base.
        sibling: Another subject on the same base, whose loaded weights are shared.
    """

    def __init__(self, base: Base, adapter: Adapter | None = None, sibling: LocalModel | None = None) -> None:
        self.base, self.adapter = base, adapter
        self._sibling = sibling

    @property
    def identity(self) -> str:
        """Digest of the base and, where there is one, of the adapter."""
        return f"local:{self.base.digest}" + (f"+{self.adapter.digest}" if self.adapter else "")

    @cached_property
    def engine(self) -> LocalEngine:
        """The engine that holds the weights."""
        if self._sibling is not None:
            return self._sibling.engine
        from doxa.models.local.engine import LocalEngine

        return LocalEngine(self.base)

    def with_adapter(self, adapter: Adapter) -> LocalModel:
        """Returns the same base with an adapter, in the same process and memory."""
        return LocalModel(self.base, adapter, sibling=self)

    def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[list[tuple[int, Answer]]]:
        """See `doxa.models.protocol.Model`."""
        return self.engine.generate(requests, self.adapter)

    def score(self, requests: Sequence[ScoreRequest]) -> Iterator[list[tuple[int, Scores]]]:
        """See `doxa.models.protocol.Model`."""
        return self.engine.score(requests, self.adapter)
