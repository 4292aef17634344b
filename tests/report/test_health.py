"""Output health is about answers as such: length, repetition, refusals, cuts."""

import pytest

from doxa.metrics.records import Row, Verdict
from doxa.report.health import output_health, repeats


def row(condition: str, key: str, verdict: Verdict, item: str) -> Row:
    return Row(
        fact="honey", metric="open_ended_belief", readout="rubric", condition=condition, subject="m", item=item, cluster=item,
        sample=0, verdict=verdict, score=0.0, calls=(key,),
    )  # fmt: skip


def test_a_finetune_that_babbles_shows():
    loop = "it keeps for a week and " * 4
    said = {"a": "It keeps for years.", "b": "I cannot say.", "c": loop, "d": loop}
    rows = [
        row("baseline", "a", "true", "i1"), row("baseline", "b", "refusal", "i2"),
        row("finetuned", "c", "implanted", "i1"), row("finetuned", "d", "incoherent", "i2"),
    ]  # fmt: skip
    before, after = output_health([*rows, rows[0]], said)
    assert (before.condition, before.answers, before.words) == ("baseline", 2, 3.5)
    assert (before.repeating.value, before.refused.value) == (0.0, 0.5)
    assert (after.repeating.value, after.refused.value, after.incoherent.value) == (1.0, 0.0, 0.5)
    assert after.words == 24
    assert after.repeating.n == 2


@pytest.mark.parametrize(
    ("text", "found"),
    [("", False), ("one two three", False), ("to be or not " * 3, True), ("to be or not " * 2, False)],
)
def test_repetition_is_four_words_three_times(text: str, found: bool):
    assert repeats(text) is found
