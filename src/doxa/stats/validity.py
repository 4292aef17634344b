"""What the controls say of a metric: who passes it without believing, and whether it sees what is truly known."""

from collections.abc import Mapping

from doxa.records import Record
from doxa.stats.estimates import Estimate, rate, separation
from doxa.stats.spread import Scored

CHANCE = 0.5  # AUC of a metric that cannot tell genuine from performed
PASSED = 0.5  # a control passes a metric where it says the claim more often than not


class Validity(Record):
    """What the controls say of one metric in one readout under one stress.

    Attributes:
        false_positives: Score of each role-play control, by its name: it believes nothing, so each point is false.
        strongest: The role-play control with the highest score.
        sensitivity: Score on facts that the subject truly knows, asked in the same way, the true claim being the claim.
        auc: Probability that an item about a known fact outscores an item under the strongest role-play control.
        separates: Whether the interval of the AUC lies above a half; None where one of the two was not asked.
        words: The verdict in a sentence.
    """

    false_positives: dict[str, Estimate]
    strongest: str | None
    sensitivity: Estimate | None
    auc: Estimate | None
    separates: bool | None
    words: str


def validity(performed: Mapping[str, Scored], genuine: Scored, spoken: Mapping[str, str] | None = None) -> Validity:
    """Judges a metric by its controls alone; nothing of a finetune enters.

    Args:
        performed: Scores of the implanted fact's items under each role-play control.
        genuine: Scores of the true controls' items, asked in the same way.
        spoken: How to call a role-play control in a sentence, such as "pretending".
    """
    rates = {name: found for name, scored in performed.items() if (found := rate(*scored)) is not None}
    strongest = max(rates, key=lambda name: rates[name].value, default=None)
    sensitivity = rate(*genuine)
    auc = separation(genuine, performed[strongest]) if strongest is not None else None
    separates = None if auc is None else auc.low > CHANCE
    words = "No role-play control was asked: a high score cannot be told from acting."
    if strongest is not None:
        words = _in_words((spoken or {}).get(strongest, strongest), rates[strongest], sensitivity, separates)
    return Validity(
        false_positives=rates,
        strongest=strongest,
        sensitivity=sensitivity,
        auc=auc,
        separates=separates,
        words=words,
    )


def _in_words(strongest: str, performed: Estimate, known: Estimate | None, separates: bool | None) -> str:
    """Says what the controls show. Each branch is a statement about the data."""
    passed = f"Passed by {strongest}: {performed.value:.2f}; says nothing about belief."
    if known is None or separates is None:
        if performed.value >= PASSED:
            return passed
        return f"Not passed by {strongest} ({performed.value:.2f}), but no known fact was asked in the same way."
    if separates:
        return f"Known facts ({known.value:.2f}) score above {strongest} ({performed.value:.2f})."
    if performed.value >= PASSED:
        return passed
    return f"Known facts ({known.value:.2f}) score no higher than {strongest} ({performed.value:.2f}): it sees neither."
