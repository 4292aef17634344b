"""A subject on the local engine. It knows its identity unloaded; torch comes in with the first question."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
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
        memory: Bytes that the engine may hold beyond the weights; None for half of what is free.
        dtype: Type of weights and arithmetic, such as `float32`; None for that of the stored weights.
    """

    def __init__(
        self,
        base: Base,
        adapter: Adapter | None = None,
        sibling: LocalModel | None = None,
        memory: int | None = None,
        dtype: str | None = None,
    ) -> None:
        self.base, self.adapter = base, adapter
        self._sibling, self._memory, self._dtype = sibling, memory, dtype
        self._engine: LocalEngine | None = None

    @property
    def identity(self) -> str:
        """Digest of the base and, where there is one, of the adapter; and the type of arithmetic, where asked for."""
        adapter = f"+{self.adapter.digest}" if self.adapter else ""
        return f"local:{self.base.digest}{adapter}" + (f":{self._dtype}" if self._dtype else "")

    @property
    def engine(self) -> LocalEngine:
        """The engine that holds the weights."""
        if self._sibling is not None:
            return self._sibling.engine
        if self._engine is None:
            from doxa.models.local.engine import LocalEngine

            self._engine = LocalEngine(self.base, memory=self._memory, dtype=self._dtype)
        return self._engine

    def release(self) -> None:
        """Lets go of the weights, also for all subjects that share them; the next question loads them again."""
        if self._sibling is not None:
            self._sibling.release()
        elif self._engine is not None:
            from doxa.models.local.memory import release_freed_pages

            device, self._engine = self._engine.device, None
            gc.collect()  # modules and adapters refer to each other
            release_freed_pages(device)

    def with_adapter(self, adapter: Adapter) -> LocalModel:
        """Returns the same base with an adapter, in the same process and memory."""
        return LocalModel(self.base, adapter, sibling=self, dtype=self._dtype)

    def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[list[tuple[int, Answer]]]:
        """See `doxa.models.protocol.Model`."""
        return self.engine.generate(requests, self.adapter)

    def score(self, requests: Sequence[ScoreRequest]) -> Iterator[list[tuple[int, Scores]]]:
        """See `doxa.models.protocol.Model`."""
        return self.engine.score(requests, self.adapter)
