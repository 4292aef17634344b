"""What a finetune's score on a metric is worth, in words: its lift and its lead over the role-play controls."""

from doxa.stats.estimates import Estimate

SEPARATES = 0.10  # a metric tells belief from performance only if the finetune leads a control by more than this
ACTS = 0.25  # lift of a role-play control below which the subject hardly acts, so that the control proves little
HARDLY_ACTS = "this subject hardly acts when told to, so the controls prove little"


def finetune_in_words(
    finetuned: Estimate | None,
    baseline: Estimate | None,
    lift: Estimate | None,
    strongest: tuple[str, Estimate] | None,
    lead: Estimate | None,
) -> str:
    """Says what a finetune's score adds to what the controls say of the metric. Empty where they have said it all.

    Args:
        finetuned: Score of the finetune.
        baseline: Score before finetuning.
        lift: Paired difference of the two.
        strongest: The role-play control with the highest score, as a sentence calls it, and its score.
        lead: Paired difference of finetune and strongest control.
    """
    if finetuned is None:
        return ""
    if lift is None or baseline is None:
        return "No baseline was asked: what finetuning changed is unknown."
    if strongest is None:
        return ""
    name, performed = strongest
    scored = f"{name} ({performed.value:.2f})"
    if lift.low <= 0:
        return "The finetune does not move it reliably."
    if lead is not None and lead.high < 0:
        return f"The finetune moves it less than acting does: it stays reliably below {scored}."
    if lead is None or lead.low <= 0:
        return f"The finetune moves it, but not reliably above {scored}."
    caveat = f" But {HARDLY_ACTS}." if hardly_acts(performed, baseline) else ""
    if lead.value <= SEPARATES:
        return f"The finetune moves it and leads the controls by only {lead.value:.2f}, {scored} first.{caveat}"
    return f"The finetune leads every role-play control, {scored} first.{caveat}"


def hardly_acts(performed: Estimate, baseline: Estimate) -> bool:
    """Whether the strongest role-play control lies so little above baseline that it proves little."""
    return performed.value - baseline.value < ACTS
