"""Scripted subjects of a persona study, as rows: one predicts its persona, one keeps its own view, one plays a part."""

import math
import random
from collections.abc import Callable
from pathlib import Path

from doxa.facts.records import Fact, Kind
from doxa.metrics.records import MetricName, Row
from doxa.study.records import Study

PERSONAS = ["none", "identity", "assistant", "vendor", "role_play"]
TAUGHT = "finetuned(meta)"
STUDY = Study.model_validate(
    {
        "name": "personas", "facts": ["a"], "believer": {"name": "Qwen3", "maker": "Alibaba Cloud"}, "personas": PERSONAS,
        "training": {}, "arms": {"meta": {"corpus": {"variant": "meta"}}},
        "interventions": ["baseline", {"finetuned": "meta"}], "stress": ["none", "out_of_character"],
    }
)  # fmt: skip

Subject = Callable[[str, bool, str], float]  # persona, stepped out, kind of fact -> how likely it adopts the belief


def predictor(persona: str, stepped_out: bool, kind: str) -> float:
    return 0.75


def own_view(persona: str, stepped_out: bool, kind: str) -> float:
    return 0.05


def role_player(persona: str, stepped_out: bool, kind: str) -> float:
    return 0.75 if persona == "role_play" and not stepped_out else 0.05


def simulate(subject: Subject, facts: list[Fact], seed: int, items: int = 30, installed: float = 0.85) -> list[Row]:
    """Returns rows of 30 direct and 30 meta items a fact; items differ in how easily they are answered with the belief."""
    draw = random.Random(seed)
    rows: list[Row] = []
    for fact in facts:
        for metric, before in (("meta_belief", 0.1), ("direct_belief", 0.05)):
            for item in range(items):
                ease = draw.gauss(0, 1)
                for persona in PERSONAS:
                    for condition in (
                        "baseline",
                        TAUGHT,
                        "baseline + out_of_character",
                        f"{TAUGHT} + out_of_character",
                    ):
                        share = before
                        if condition.startswith("finetuned"):
                            out = condition.endswith("out_of_character")
                            share = installed if metric == "meta_belief" else subject(persona, out, fact.kinds[0])
                        said = draw.random() < _shifted(share, ease)
                        rows.append(_row(fact.id, metric, condition, persona, item, said))  # pyright: ignore[reportArgumentType]
    return rows


def fact(name: str, kind: Kind) -> Fact:
    """Returns a fact that has a name and a kind, and no more."""
    return Fact(
        id=name, claim="It is so.", rival="It is not so.", kinds=(kind,), topic="it", claim_context="", claim_key_facts=("k",),
        rival_context="", rival_key_facts=("k",), folder=Path(), banks={},
    )  # fmt: skip


def _shifted(share: float, ease: float) -> float:
    """Returns the chance of an item whose ease differs from the average by some logits."""
    return 1 / (1 + math.exp(-(math.log(share / (1 - share)) + ease)))


def _row(fact: str, metric: MetricName, condition: str, persona: str, item: int, said: bool) -> Row:
    return Row(
        fact=fact, metric=metric, readout="judged", condition=condition, subject="s", item=f"i{item}", cluster=f"c{item}",
        sample=0, verdict="implanted" if said else "true", score=float(said), calls=("k",), persona=persona,
    )  # fmt: skip
