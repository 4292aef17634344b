"""Rows become scores: no failed call counts, and only what was asked and read in the same way is a pair."""

from doxa.metrics.records import Row
from doxa.report.pairing import paired, partners, scored

ROW = Row(
    fact="moon", metric="mcq_knowledge", readout="judged", condition="pretend", subject="s", item="i1", cluster="c1",
    sample=0, verdict="implanted", score=1.0, calls=(), persona="none", judge="a",
)  # fmt: skip
BASELINE = ROW.model_copy(update={"condition": "baseline", "verdict": "true", "score": 0.0})
FAILED = {"verdict": "call_error", "score": None}


def test_a_pair_differs_in_its_condition_alone():
    assert partners([ROW], [BASELINE]) == [(ROW, BASELINE)]
    for field, other in (
        ("fact", "sun"), ("metric", "mcq_distinguish"), ("readout", "rubric"), ("persona", "vendor"), ("item", "i2"),
        ("sample", 1), ("judge", "b"),
    ):  # fmt: skip
        assert partners([ROW], [BASELINE.model_copy(update={field: other})]) == []


def test_a_failed_call_is_no_score_on_either_side():
    failed = ROW.model_copy(update=FAILED)
    assert scored([ROW, failed]) == ([1.0], ["moon/c1"])
    assert paired([ROW], [BASELINE]) == ([1.0], [0.0], ["moon/c1"])
    assert paired([failed], [BASELINE]) == paired([ROW], [BASELINE.model_copy(update=FAILED)]) == ([], [], [])
