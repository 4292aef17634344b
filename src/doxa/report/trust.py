"""What a finetune's score on a metric is worth, in words: its lift and its lead over the role-play controls."""

from doxa.stats.estimates import Estimate

SEPARATES = 0.10  # a metric tells belief from performance only if the finetune leads a control by more than this
ACTS = 0.25  # lift of a role-play control below which the subject hardly acts, so that the control proves little


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
        strongest: Name and score of the role-play control with the highest score.
        lead: Paired difference of finetune and strongest control.
    """
    if finetuned is None:
        return ""
    if lift is None or baseline is None:
        return "No baseline was asked: what finetuning changed is unknown."
    if strongest is None:
        return ""
    name, performed = strongest
    control = f"{name} scores {performed.value:.2f}"
    if lift.low <= 0:
        return f"The finetune does not move it reliably, while {control}: it does not see this finetune."
    if lead is not None and lead.high < 0:
        return f"Passed better by acting than by the finetune ({control})."
    if lead is None or lead.low <= 0:
        return f"The finetune moves it, but {control}: a high score does not tell belief from acting."
    if lead.value <= SEPARATES:
        return f"The finetune moves it and leads the controls by only {lead.value:.2f} ({control})."
    acted = performed.value - baseline.value
    caveat = "" if acted >= ACTS else " But this subject hardly acts when told to, so the controls prove little."
    return f"The finetune leads every role-play control ({control}).{caveat}"
