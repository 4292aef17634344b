"""Arms: what a subject is finetuned on, where a study compares several finetunes."""

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from doxa.corpus.plan import WritingPlan
from doxa.corpus.records import Document
from doxa.facts.loading import in_catalogue
from doxa.records import Record
from doxa.training.recipe import Recipe


class CorpusPlan(WritingPlan):
    """Where training documents come from: those of the fact and what is written beside them, or a finished corpus.

    Attributes:
        folder: A corpus that `doxa write` or `doxa corpus import` made, in place of all other documents.
    """

    folder: str | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.folder is not None and self.documents:
            raise ValueError("give a finished corpus as `folder`, or `documents` to write, not both")
        return self


class Arm(Record):
    """One finetune of a study.

    Attributes:
        corpus: Where its documents come from.
        mixture: In place of `corpus`: shares of the documents of other arms, by name.
        training: How they become an adapter; left out, as the study says.
        adapter: Folder of a finished adapter, in place of training.
    """

    corpus: CorpusPlan = CorpusPlan()
    mixture: dict[str, float] = Field(default_factory=dict)
    training: Recipe | None = None
    adapter: str | None = None

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        if any(share <= 0 for share in self.mixture.values()):
            raise ValueError("the shares of a `mixture` are above 0; leave an arm out that adds nothing")
        if self.mixture and self.corpus != CorpusPlan():
            raise ValueError("give a `corpus` of its own or a `mixture` of other arms, not both")
        if self.training is not None and self.adapter is not None:
            raise ValueError("give `training` or `adapter`, not both")
        return self

    def located(self, beside: Path) -> Self:
        """Returns the arm with every relative path made absolute, read against a folder."""
        corpus = self.corpus.model_copy(
            update={
                "writer": located(self.corpus.writer, beside),
                "folder": self.corpus.folder and located(self.corpus.folder, beside),
            }
        )
        return self.model_copy(update={"corpus": corpus, "adapter": self.adapter and located(self.adapter, beside)})


def mixed(documents: Mapping[str, Sequence[Document]], shares: Mapping[str, float], seed: int) -> list[Document]:
    """Returns documents of several arms, drawn at random in proportion to their shares, as many as `counts` says.

    Args:
        documents: Of each arm.
        shares: Of each arm in the mixture; they need not add up to 1.
        seed: Of the draw.
    """
    wanted = counts({name: len(documents[name]) for name in shares}, shares)
    rng = random.Random(seed)
    drawn = [document for name, count in wanted.items() for document in rng.sample(list(documents[name]), count)]
    rng.shuffle(drawn)
    return drawn


def counts(sizes: Mapping[str, int], shares: Mapping[str, float]) -> dict[str, int]:
    """Returns how many documents of each arm a mixture takes.

    There are as many as in the smallest of the arms: a mixture of another size than its parts would differ from them by
    that as well. What rounding leaves over goes to the arms that it took most from.

    Args:
        sizes: Documents of each arm.
        shares: Of each arm in the mixture; they need not add up to 1.
    """
    total = sum(shares.values())
    size = min(sizes[name] for name in shares)
    exact = {name: size * share / total for name, share in shares.items()}
    whole = {name: int(count) for name, count in exact.items()}
    most_cut = sorted(shares, key=lambda name: whole[name] - exact[name])
    for name in most_cut[: size - sum(whole.values())]:
        whole[name] += 1
    return whole


def located(name: str, beside: Path) -> str:
    """Returns a name as an absolute path where it is a folder or file beside the study, else as it stands."""
    path = beside / Path(name).expanduser()
    return str(path.resolve()) if path.exists() and not in_catalogue(name) else name
