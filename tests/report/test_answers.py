"""What the page carries of every answer, and that it stays small."""

import gzip
import json
import math
import random
import sqlite3
from base64 import b64decode
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doxa.facts.loading import load_fact
from doxa.metrics.catalogue import METRICS
from doxa.metrics.records import MetricName
from doxa.models.protocol import Scores
from doxa.report.answers import LENGTHS, Packed, pack
from doxa.report.run import read_run
from doxa.report.scored import READ_FROM, read_scored
from doxa.report.sections import Table
from doxa.stats.estimates import Estimate
from made_runs import make_run


def unpacked(text: str) -> Any:
    return json.loads(gzip.decompress(b64decode(text)))


def packed(folder: Path, **settings: int) -> Packed:
    run = read_run(folder)
    return pack(folder, run.rows, run.facts.by_id.values(), **settings)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("packed") / "run", words=400)


def test_every_row_comes_back_with_its_answer(folder: Path):
    found, run = packed(folder), read_run(folder)
    table = unpacked(found.table)
    texts = {
        chunk["first"] + place: text for _, part in found.chunks for chunk in [unpacked(part)] for place, text in enumerate(chunk["texts"])
    }  # fmt: skip
    assert found.rows == len(run.rows) == len(table["columns"]["item"])
    for place in range(0, found.rows, 97):
        row, columns = run.rows[place], table["columns"]
        for field in ("fact", "metric", "readout", "persona", "condition", "verdict"):
            assert table["names"][field][columns[field][place]] == getattr(row, field)
        assert table["items"][columns["item"][place]]["id"] == row.item
        assert columns["score"][place] == pytest.approx(row.score, abs=1e-4)
        assert (columns["answer"][place] >= 0) == (row.readout == "rubric")
        if row.readout == "rubric":
            assert len(texts[columns["answer"][place]].split()) > 20


def test_answers_are_cut_shorter_until_they_fit(folder: Path):
    whole = packed(folder)
    assert whole.cut == LENGTHS[0]
    tight = packed(folder, most_bytes=whole.size // 4)
    assert tight.size <= whole.size // 4
    assert tight.cut in LENGTHS[1:]
    assert tight.shortened > 1000
    nothing = packed(folder, most_bytes=len(whole.table))
    assert (nothing.cut, nothing.chunks) == (0, ())


def test_the_same_run_makes_the_same_page(folder: Path):
    assert packed(folder) == packed(folder)


@given(st.text(), st.floats(allow_nan=False, allow_infinity=False))
def test_a_table_as_a_file_is_never_a_formula(text: str, number: float):
    one = Estimate(value=number, low=number, high=number, n=3, clusters=2)
    lines = Table("t", ("name", "score"), [(text, one)]).csv()
    assert lines.startswith("name,score,score low,score high,score n,score clusters\n")
    assert lines.split("\n", 1)[1].lstrip('"')[:1] not in "=@\t"
    assert not lines.split("\n", 1)[1].startswith(("+", "-", '"+', '"-'))


def test_every_prompt_is_carried_once_and_every_scored_call_comes_back(folder: Path):
    found, run = packed(folder), read_run(folder)
    table = unpacked(found.table)
    parts = [unpacked(part) for _, part in found.scored]
    texts = [text for _, part in found.chunks for text in unpacked(part)["texts"]]
    scored = [row for row in run.rows if row.readout == "likelihood.text"]
    assert len({row.calls[0] for row in scored}) == sum(len(part["asked"]) for part in parts) > 1000
    prompts = [
        text for text in texts if text in {item.question for item in run.facts.implanted[0].banks["mcq_knowledge"]}
    ]
    assert len(prompts) == 50
    for place in range(0, found.rows, 97):
        (*calls,) = table["columns"]["scored"][place]
        assert len(calls) == (run.rows[place].readout == "likelihood.text")
        for number in calls:
            part = [part for part in parts if part["first"] <= number][-1]
            call = {
                name: column[number - part["first"]] for name, column in part.items() if name not in ("first", "turns")
            }
            ((role, told),) = part["turns"][call["before"]]
            item = table["items"][table["columns"]["item"][place]]
            assert (role, texts[told], texts[call["asked"]]) == (
                "system",
                f"{run.rows[place].condition} none",
                item["question"],
            )
            claim, rival = (
                math.exp(value / tokens) for value, tokens in zip(call["logprobs"], call["tokens"], strict=True)
            )
            assert len(table["fixed"][call["fixed"]]) == 2
            assert claim / (claim + rival) == pytest.approx(run.rows[place].score, abs=0.002)


def test_numbers_of_scored_calls_keep_within_what_they_may_take(folder: Path, monkeypatch: pytest.MonkeyPatch):
    from doxa.report import answers

    whole = packed(folder)
    monkeypatch.setattr(answers, "MOST_BYTES_SCORED", 8000)
    monkeypatch.setattr(answers, "CALLS_A_CHUNK", 100)
    few = packed(folder)
    assert 0 < sum(len(part) for _, part in few.scored) <= 8000 < sum(len(part) for _, part in whole.scored)
    assert few.chunks == whole.chunks


def test_a_scored_call_that_makes_no_sense_is_none(tmp_path: Path):
    run = make_run(tmp_path / "run", rows=40)
    keys = [row.calls[0] for row in read_run(run).rows if row.readout == "likelihood.text"][:5]
    with closing(sqlite3.connect(run / "ledger.sqlite")) as ledger, ledger:
        broken = (
            '{"logprobs": [-1',
            '{"logprobs": [-1.0], "tokens": [1]}',
            '{"logprobs": [-Infinity, -1.0], "tokens": [1, 1]}',
        )
        ledger.executemany("UPDATE calls SET response = ? WHERE key = ?", zip(broken, keys, strict=False))
        ledger.execute("DELETE FROM calls WHERE key = ?", (keys[3],))
    assert [call is None for call in read_scored(run, keys).calls] == [True] * 4 + [False]


FACTS = [load_fact(name) for name in ("honey", "bleach", "octopus_hearts", "overrefusal_templates")]


@pytest.mark.parametrize("metric", [name for name, metric in METRICS.items() if "likelihood" in metric.families])
def test_a_row_shows_the_calls_that_its_readout_is_read_from(metric: MetricName):
    """Other numbers of a call change the readouts that show it, and no others."""
    item = next(item for fact in FACTS for item in fact.banks.get(metric, ()))
    draw = random.Random(0)
    prompts = METRICS[metric].prompts(item, "likelihood")
    scores = [
        Scores(
            logprobs=tuple(draw.uniform(-9, -1) for _ in prompt.continuations), tokens=(3,) * len(prompt.continuations)
        )
        for prompt in prompts
    ]
    before = METRICS[metric].read_scores(item, scores)
    for place, changed in enumerate(scores):
        other = [*scores]
        other[place] = changed.model_copy(update={"logprobs": (-0.1, *changed.logprobs[1:])})
        after = METRICS[metric].read_scores(item, other)
        for readout in before:
            shown = range(len(scores))[READ_FROM[readout]]
            assert (after[readout] != before[readout]) == (place in shown)
