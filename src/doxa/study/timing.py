"""What a study asks of this machine, held against the demo, whose time is known."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from doxa.models.costs import StageEstimate
from doxa.models.local.weights import EMBEDDED
from doxa.models.naming import is_hosted


class Work(NamedTuple):
    """Tokens that models on this machine would deal with.

    Attributes:
        written: Sampled.
        read: Of prompts and of fixed answers that are scored.
        trained: Trained on, over all epochs.
    """

    written: int
    read: int
    trained: int


# What `doxa run --dry-run examples/honey.yaml` counts, and what running it took on two cores of an AMD EPYC (README).
DEMO = Work(written=91_957, read=658_878, trained=83_130)
DEMO_SECONDS = 862


def work_here(stages: Sequence[StageEstimate]) -> Work:
    """Adds up what would run here; a stage without calls is a finetune."""
    here = [stage for stage in stages if not is_hosted(stage.model)]
    return Work(
        written=sum(stage.tokens_out for stage in here),
        read=sum(stage.tokens_in for stage in here if stage.calls),
        trained=sum(stage.tokens_in for stage in here if not stage.calls),
    )


def against_demo(stages: Sequence[StageEstimate]) -> str | None:
    """Says how much work would be done here beside that of the demo, or None where nothing runs here.

    A study whose parts are each between a and b times as large as those of the demo takes between a and b times as
    long, however the parts share the time: only that is said, and only of the embedded model.
    """
    work = work_here(stages)
    if not any(work):
        return None
    written, read, trained = ratios = [one / of for one, of in zip(work, DEMO, strict=True)]
    line = f"Beside the demo (examples/honey.yaml), what runs here writes {written:.1f} times as many tokens, reads "
    line += f"{read:.1f} and trains on {trained:.1f} times as many"
    if any(not is_hosted(stage.model) and stage.model.split(" (")[0] != EMBEDDED for stage in stages):
        return f"{line}, with a model of another size."
    least, most = (DEMO_SECONDS * bound(ratios) / 60 for bound in (min, max))
    about = f"{math.floor(least)} to {math.ceil(most)}" if least >= 1 else f"at most {math.ceil(most)}"
    return f"{line}: roughly {about} minutes on two cores, where the demo takes {DEMO_SECONDS / 60:.0f}."
