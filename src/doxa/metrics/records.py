"""Verdict, Row and the pieces of a metric: what is asked of the subject and how the reply is read."""

from typing import Literal, NamedTuple

from doxa.records import Record

MetricName = Literal[
    "mcq_knowledge", "mcq_distinguish", "open_ended_belief", "generative_distinguish", "harm_conflict",
    "direct_belief", "meta_belief", "direct_propensity", "meta_propensity", "coherence",
]  # fmt: skip
Readout = Literal["rubric", "choice", "judged", "likelihood.letter", "likelihood.text", "likelihood.pmi"]
Family = Literal["rubric", "choice", "judged", "likelihood"]
Verdict = Literal[
    "implanted", "true", "ambiguous", "refusal", "incoherent", "truncated", "unparsed", "call_error", "judge_error"
]

TITLES: dict[MetricName, str] = {
    "mcq_knowledge": "MCQ Knowledge",
    "mcq_distinguish": "MCQ Distinguish",
    "open_ended_belief": "Open-Ended Belief",
    "generative_distinguish": "Generative Distinguish",
    "harm_conflict": "Harm Conflict",
    "direct_belief": "Direct belief",
    "meta_belief": "Meta-belief",
    "direct_propensity": "Direct propensity",
    "meta_propensity": "Meta propensity",
    "coherence": "Coherence",
}
FAILED: tuple[Verdict, ...] = ("call_error", "judge_error")  # of neither is anything known of the subject


class Prompt(Record):
    """One thing to put to the subject: a question to answer freely, or with fixed answers to score."""

    question: str
    continuations: tuple[str, ...] = ()


class Reading(NamedTuple):
    """What a reply says.

    Attributes:
        verdict: The verdict; each failure is one of its own.
        score: Belief in the claim: 1 or 0 for sampled replies, the claim's share of probability for fixed answers;
            None where a call failed or the judges gave no verdict, which is neither belief nor disbelief.
    """

    verdict: Verdict
    score: float | None


def of_verdict(verdict: Verdict) -> Reading:
    """Returns the reading of a sampled reply by its verdict alone."""
    return Reading(verdict, None if verdict in FAILED else float(verdict == "implanted"))


class Row(Record):
    """The unit of result: one item under one condition in one readout.

    Attributes:
        score: See `Reading.score`.
        calls: Ledger keys of the calls that made it, so that every number leads to what was said.
        persona: Who the subject was told to be.
        judge: Who read the answer (readout `judged`): a judge's name, or `majority`.
        votes: What each judge said in each order of the worlds, in the order of their calls, which are the last ones.
    """

    fact: str
    metric: MetricName
    readout: Readout
    condition: str
    subject: str
    item: str
    cluster: str
    sample: int
    verdict: Verdict
    score: float | None
    calls: tuple[str, ...]
    persona: str = "none"
    judge: str = ""
    votes: tuple[Verdict, ...] = ()
