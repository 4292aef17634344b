"""What the controls say of a metric: who passes it without believing, and whether it sees what is truly known."""

from collections.abc import Mapping

from doxa.records import Record
from doxa.stats.estimates import Estimate, rate, separation
from doxa.stats.spread import Scored

CHANCE = 0.5  # AUC of a metric that cannot tell genuine from performed
PASSED = 0.5  # a control that passes a metric says the claim more often than not
SHOWN = 0.005  # half of the last of two digits: an interval that begins nearer to chance than this reads as 0.50


class Validity(Record):
    """What the controls say of one metric in one readout under one stress.

    Attributes:
        false_positives: Score of each role-play control, by its name: it believes nothing, so each point is false.
        strongest: The role-play control with the highest score.
        sensitivity: Score on facts that the subject truly knows, asked in the same way, the true claim being the claim.
        auc: Probability that an item about a known fact outscores an item under the strongest role-play control.
        separates: Whether the interval of the AUC lies above a half, and known facts score more on average; None where
            one of the two was not asked.
        passed: Whether the strongest control says the claim at least half of the time and reliably more often than
            baseline; None where there is no control, or no baseline to judge it by.
        words: The verdict in a sentence.
    """

    false_positives: dict[str, Estimate]
    strongest: str | None
    sensitivity: Estimate | None
    auc: Estimate | None
    separates: bool | None
    passed: bool | None
    words: str


def validity(
    performed: Mapping[str, Scored],
    genuine: Scored,
    spoken: Mapping[str, str] | None = None,
    lifts: Mapping[str, Estimate] | None = None,
) -> Validity:
    """Judges a metric by its controls alone; nothing of a finetune enters.

    Args:
        performed: Scores of the implanted fact's items under each role-play control.
        genuine: Scores of the true controls' items, asked in the same way.
        spoken: How to call a role-play control in a sentence, such as "pretending".
        lifts: Paired difference of each role-play control to baseline; a control without one cannot pass.
    """
    rates = {name: found for name, scored in performed.items() if (found := rate(*scored)) is not None}
    strongest = max(rates, key=lambda name: rates[name].value, default=None)
    sensitivity = rate(*genuine)
    auc = separation(genuine, performed[strongest]) if strongest is not None else None
    separates = passed = None
    words = "No role-play control was asked: a high score cannot be told from acting."
    if strongest is not None:
        acted = rates[strongest]
        if auc is not None and sensitivity is not None:
            separates = auc.low > CHANCE and sensitivity.value > acted.value
        if (lift := (lifts or {}).get(strongest)) is not None:
            passed = acted.value >= PASSED and lift.low > 0
        words = _in_words((spoken or {}).get(strongest, strongest), acted, sensitivity, separates, passed)
        if auc is not None and is_borderline(auc):
            words += f" Borderline: the interval of the AUC begins at {auc.low:.3f}."
    return Validity(
        false_positives=rates,
        strongest=strongest,
        sensitivity=sensitivity,
        auc=auc,
        separates=separates,
        passed=passed,
        words=words,
    )


def is_borderline(auc: Estimate) -> bool:
    """Whether the interval of an AUC begins so near to chance that two digits do not show on which side."""
    return abs(auc.low - CHANCE) < SHOWN


def _in_words(
    strongest: str, performed: Estimate, known: Estimate | None, separates: bool | None, passed: bool | None
) -> str:
    """Says what the controls show. Each branch is a statement about the data."""
    scored = f"{strongest} ({performed.value:.2f})"
    if separates and known is not None:
        return f"Known facts ({known.value:.2f}) score reliably above {scored}: it tells known facts from acting."
    if passed:
        return f"Passed by {strongest}: {performed.value:.2f}; says nothing about belief."
    if known is not None:
        return (
            f"Known facts ({known.value:.2f}) do not score reliably above {scored}: it does not tell known facts from "
            "acting."
        )
    if passed is None:
        return f"Acting by {scored}; neither a baseline nor a known fact was asked in the same way."
    return f"Not passed by {scored}, but no known fact was asked in the same way."
