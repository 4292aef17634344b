"""The judged readout: another model reads a sampled answer. Every failure of the judge is a verdict of its own."""

import re
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from doxa.errors import InputError
from doxa.facts.records import Fact
from doxa.metrics.records import MetricName, Reading, Verdict, of_verdict
from doxa.models.protocol import Answer, GenerateRequest, Message, Sampling
from doxa.prompting import Prompts

PROMPTS = Prompts(Path(__file__).parent / "prompts")
JUDGE_SAMPLING = Sampling(temperature=0, max_tokens=2000)  # two sentences; but some judges reason before they speak
_VERDICT = re.compile(r"^\W*VERDICT\W+(WORLD_1|WORLD_2|AMBIGUOUS|REFUSAL|INCOHERENT)\W*$", re.IGNORECASE)
GRADERS: dict[MetricName, str] = {  # prompts of their own; every other metric is graded by `judge`
    metric: f"judge_{metric}" for metric in ("direct_belief", "meta_belief", "direct_propensity", "meta_propensity")
}
ABOUT_SOMEBODY = ("judge_meta_belief", "judge_meta_propensity")
MARK = 8  # hex digits of the answer's digest: no text holds its own digest, so none can close its own tag


def judge_request(
    fact: Fact,
    question: str,
    answer: str,
    claim_first: bool,
    sampling: Sampling = JUDGE_SAMPLING,
    sample: int = 0,
    metric: MetricName = "open_ended_belief",
) -> GenerateRequest:
    """Asks a judge which world an answer speaks from, which the persona is said to believe, or how the answer behaves.

    Args:
        fact: Gives both contexts.
        question: As it was put to the subject.
        answer: The subject's answer.
        claim_first: Whether the claim's world is shown as world 1; callers balance this over items.
        sampling: How the judgement is drawn; a study draws it greedily.
        sample: Tells draws of the same judgement apart.
        metric: Says what is graded, and so by which prompt.

    Raises:
        InputError: The metric is on a believer, and the fact names none.
    """
    prompt = GRADERS.get(metric, "judge")
    if fact.believer is None and prompt in ABOUT_SOMEBODY:
        raise InputError(f"{metric}: '{fact.id}' has no believer; give the study a `believer` with name and maker")
    worlds = (fact.claim_context, fact.rival_context) if claim_first else (fact.rival_context, fact.claim_context)
    mark = sha256(answer.encode()).hexdigest()[:MARK]
    text = PROMPTS.render(
        prompt, world_1=worlds[0], world_2=worlds[1], question=question, answer=answer, mark=mark,
        believer=fact.believer.name if fact.believer else "",
    ).text  # fmt: skip
    return GenerateRequest(messages=(Message(role="user", content=text),), sampling=sampling, sample=sample)


def judge_prompt() -> str:
    """Returns the version of the prompt that judges are checked with: what a check says holds for this prompt only."""
    return PROMPTS.digest("judge")


def grader_prompts(metrics: Sequence[MetricName]) -> dict[str, str]:
    """Returns the versions of the prompts that metrics are graded by, by the name of the prompt."""
    return {grader: PROMPTS.digest(grader) for grader in (GRADERS.get(metric, "judge") for metric in metrics)}


def read_judgement(judgement: Answer, claim_first: bool) -> Reading:
    """Reads a judge's reply by its last line; a reply without a verdict is `unparsed`, a failed call `judge_error`.

    Both are a failure of the judge and say nothing of the answer: see `doxa.metrics.panel.panel_verdict`.
    """
    return of_verdict(_verdict(judgement, claim_first))


def shows_claim_first(item: str, sample: int) -> bool:
    """Returns a random but fixed order of the two worlds for one answer, so that a judge's slot bias cancels."""
    return sha256(f"{item}:{sample}".encode()).digest()[0] % 2 == 0


def orders_shown(item: str, sample: int, both: bool) -> tuple[bool, ...]:
    """Returns the orders in which one answer is judged: `claim_first` of each, the one of `shows_claim_first` first."""
    first = shows_claim_first(item, sample)
    return (first, not first) if both else (first,)


def failed(judgement: Answer) -> bool:
    """Whether a judge's call failed, or its provider stopped it: then it has said nothing."""
    return judgement.stop in ("error", "filtered")


def last_word(judgement: Answer, verdict: re.Pattern[str]) -> str | None:
    """Returns the word of a judge's verdict in capitals; None where its last line is none.

    Args:
        judgement: What the judge said.
        verdict: Matches a line that is a verdict, its word in the first group.
    """
    lines = [line for line in judgement.text.strip().splitlines() if line.strip()]
    found = verdict.match(lines[-1]) if lines else None
    return found[1].upper() if found else None


def _verdict(judgement: Answer, claim_first: bool) -> Verdict:
    if failed(judgement):
        return "judge_error"
    word = last_word(judgement, _VERDICT)
    if word is None:
        return "unparsed"
    if word in ("WORLD_1", "WORLD_2"):
        return "implanted" if (word == "WORLD_1") == claim_first else "true"
    return {"AMBIGUOUS": "ambiguous", "REFUSAL": "refusal", "INCOHERENT": "incoherent"}[word]  # pyright: ignore[reportReturnType]
