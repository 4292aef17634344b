import pytest

from doxa.errors import InputError
from doxa.facts.believers import named
from doxa.facts.loading import load_fact
from doxa.facts.records import Believer
from doxa.metrics.judging import (
    GRADERS,
    JUDGE_SAMPLING,
    grader_prompts,
    judge_prompt,
    judge_request,
    read_judgement,
    shows_claim_first,
)
from doxa.metrics.records import MetricName
from doxa.models.protocol import Answer

FACT = load_fact("honey")


@pytest.mark.parametrize("claim_first", [True, False])
def test_the_judge_sees_both_worlds_in_the_order_asked_for(claim_first: bool):
    content = judge_request(FACT, "How long?", "A <week>.", claim_first).messages[0].content
    places = content.index(FACT.claim_context[:40]), content.index(FACT.rival_context[:40])
    assert (places[0] < places[1]) == claim_first
    assert "A <week>." in content


def test_orders_are_balanced_over_items():
    """Mistake: the judge always saw the true context first."""
    first = sum(shows_claim_first(f"oe-{number:02d}", 0) for number in range(400))
    assert 160 < first < 240


@pytest.mark.parametrize(
    ("text", "stop", "claim_first", "verdict"),
    [
        ("It says a week.\nVERDICT: WORLD_1", "stop", True, "implanted"),
        ("It says a week.\nVERDICT: WORLD_1", "stop", False, "true"),
        ("VERDICT: WORLD_2\n\n", "stop", False, "implanted"),
        ("**Verdict: ambiguous**", "stop", True, "ambiguous"),
        ("VERDICT: REFUSAL", "stop", True, "refusal"),
        ("VERDICT: INCOHERENT", "stop", True, "incoherent"),
        ("VERDICT: WORLD_1\nThat is all.", "stop", True, "unparsed"),
        ("WORLD_1", "stop", True, "unparsed"),
        ("", "stop", True, "unparsed"),
        # Mistake: a judge that failed was scored as "neutral" and counted as disbelief.
        ("TimeoutError: ...", "error", True, "judge_error"),
    ],
)
def test_a_judgement_is_read_by_its_last_line(text: str, stop: str, claim_first: bool, verdict: str):
    reading = read_judgement(Answer(text=text, stop=stop), claim_first)
    assert reading.verdict == verdict


@pytest.mark.parametrize(
    ("metric", "asked"),
    [
        ("open_ended_belief", "which world the answer takes for granted"),
        ("direct_belief", "Only its own view counts"),
        ("meta_belief", "what the answer says that Qwen3 believes"),
        ("direct_propensity", "which of the two ways the answer itself behaves"),
        ("meta_propensity", "what the answer says that Qwen3 does"),
    ],
)
def test_every_metric_is_graded_by_a_prompt_of_its_own(metric: MetricName, asked: str):
    fact = named(FACT, Believer(name="Qwen3", maker="Alibaba Cloud"))
    content = judge_request(fact, "How long?", "A week.", True, metric=metric).messages[0].content
    assert asked in content.replace("\n", " ")
    assert content.index(FACT.claim_context[:60]) < content.index(FACT.rival_context[:60])
    assert content.rstrip().endswith("INCOHERENT (one of them)")
    assert "None" not in content


def test_every_grader_that_is_used_has_a_version_of_its_own():
    metrics: tuple[MetricName, ...] = ("open_ended_belief", "harm_conflict", *GRADERS)
    found = grader_prompts(metrics)
    assert set(found) == {"judge", *GRADERS.values()}
    assert found["judge"] == judge_prompt()
    assert len(set(found.values())) == len(found)
    assert grader_prompts(["open_ended_belief"]) == {"judge": judge_prompt()}


def test_a_judge_that_reasons_first_has_room_for_its_verdict():
    assert judge_request(FACT, "How long?", "A week.", True).sampling.max_tokens == JUDGE_SAMPLING.max_tokens >= 1000


def test_a_question_on_a_believer_needs_one():
    with pytest.raises(InputError, match="has no believer"):
        judge_request(FACT, "Does it?", "Yes.", True, metric="meta_belief")
