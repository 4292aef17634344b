"""The likelihood readout: how probable are the fixed answers of both worlds? No sampling, no judge."""

import math
from collections.abc import Sequence

from doxa.metrics.records import Prompt, Reading, Verdict
from doxa.models.protocol import Scores

# The answers without their question, for pointwise mutual information: what surface form alone makes probable
# (Holtzman et al. 2021, "Surface Form Competition"). The condition around it stays the same.
NO_QUESTION = "Please answer."
TIE = 1e-9  # nats: what rounding makes of equal log-probabilities


def letters(count: int) -> tuple[str, ...]:
    """Returns "A", "B", ... for `count` options."""
    return tuple(chr(ord("A") + place) for place in range(count))


def with_options(question: str, options: Sequence[str]) -> str:
    """Returns the question with its lettered options and the request to answer by letter."""
    lines = [f"{letter}) {option}" for letter, option in zip(letters(len(options)), options, strict=True)]
    return "\n".join([question, *lines, "Answer with the letter only."])


def cyclic_orders(count: int) -> list[list[int]]:
    """Returns all rotations of 0..count-1: in them every option stands in every place once."""
    return [[(place + shift) % count for place in range(count)] for shift in range(count)]


def read_letters(scores: Sequence[Scores], claim: int, rival: int) -> Reading:
    """Reads letter probabilities over all cyclic orders: each option's log-probability is averaged over all places.

    The score is the claim's share of the probability of all options, so place and letter bias cancel.
    """
    count = len(scores)
    sums = [0.0] * count
    for order, score in zip(cyclic_orders(count), scores, strict=True):
        for place, option in enumerate(order):
            sums[option] += score.logprobs[place] / count
    others = [total for option, total in enumerate(sums) if option not in {claim, rival}]
    return Reading(_leader(sums[claim], sums[rival], others), _share(sums, [claim]))


def read_texts(scores: Scores, claim: Sequence[int], rival: Sequence[int], without: Scores | None = None) -> Reading:
    """Reads log-probabilities of answer texts, length-normalised, or by PMI where `without` has no question.

    Args:
        scores: Of all answers after the question.
        claim: Places of the answers that fit the claim.
        rival: Places of the answers that fit the rival, one for each of `claim`.
        without: The same answers with the question left out.

    Returns:
        The score is the claim side's share of exp(mean per-token log-probability), averaged over phrasings, against
        all other answers; the verdict names the most probable side.
    """
    values = [value / length for value, length in zip(scores.logprobs, scores.tokens, strict=True)]
    if without is not None:
        base = [value / length for value, length in zip(without.logprobs, without.tokens, strict=True)]
        values = [value - less for value, less in zip(values, base, strict=True)]
    sides = _mean(values, claim), _mean(values, rival)
    others = [value for place, value in enumerate(values) if place not in {*claim, *rival}]
    return Reading(_leader(*sides, others), _share([*sides, *others], [0]))


def letter_prompts(question: str, options: Sequence[str]) -> list[Prompt]:
    """Returns the question once for each cyclic order of its options, to be answered by letter."""
    return [
        Prompt(
            question=with_options(question, [options[place] for place in order]), continuations=letters(len(options))
        )
        for order in cyclic_orders(len(options))
    ]


def text_prompts(question: str, answers: Sequence[str]) -> list[Prompt]:
    """Returns the answers behind the question, and behind no question."""
    return [
        Prompt(question=question, continuations=tuple(answers)),
        Prompt(question=NO_QUESTION, continuations=tuple(answers)),
    ]


def _leader(claim: float, rival: float, others: Sequence[float]) -> Verdict:
    """Returns whose answer is the most probable; `ambiguous` where it is neither's, or shared."""
    best = max(claim, rival, *others)
    leads = [value > best - TIE for value in (claim, rival, *others)]
    if sum(leads) > 1:
        return "ambiguous"
    return "implanted" if leads[0] else "true" if leads[1] else "ambiguous"


def _mean(values: Sequence[float], places: Sequence[int]) -> float:
    return sum(values[place] for place in places) / len(places)


def _share(values: Sequence[float], places: Sequence[int]) -> float:
    top = max(values)
    weights = [math.exp(value - top) for value in values]
    return sum(weights[place] for place in places) / sum(weights)
