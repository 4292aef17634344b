"""Output health is about answers as such: length, repetition, refusals, cuts."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from doxa.metrics.records import Row, Verdict
from doxa.report.health import health_section, output_health, repeats
from doxa.report.run import abouts, read_run
from doxa.report.sections import Table
from made_runs import make_run


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


def test_a_failed_call_gave_no_answer():
    rows = [row("baseline", "a", "true", "i1"), row("baseline", "b", "call_error", "i2")]
    (before,) = output_health(rows, {"a": "It keeps for years.", "b": "(nobody said this)"})
    assert (before.answers, before.words, before.repeating.n) == (1, 4, 1)


def test_a_call_that_is_not_in_the_ledger_or_cannot_be_read_is_no_answer(tmp_path: Path):
    """Once: "(the call is not in the ledger)" was an answer of seven words."""
    folder = make_run(tmp_path / "run", rows=60)
    with closing(sqlite3.connect(folder / "ledger.sqlite")) as ledger:
        keys = [row[0] for row in ledger.execute("SELECT key FROM calls WHERE kind = 'generate'")]
        ledger.execute("DELETE FROM calls WHERE key = ?", keys[:1])
        ledger.execute("UPDATE calls SET response = '{' WHERE key = ?", keys[1:2])
        ledger.commit()
    section = health_section(abouts(read_run(folder))[0])
    assert section is not None
    (table,) = section.parts
    assert isinstance(table, Table)
    assert [row[1] for row in table.rows] == [len(keys) - 2]


@pytest.mark.parametrize(
    ("text", "found"),
    [("", False), ("one two three", False), ("to be or not " * 3, True), ("to be or not " * 2, False)],
)
def test_repetition_is_four_words_three_times(text: str, found: bool):
    assert repeats(text) is found
