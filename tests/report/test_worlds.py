"""The claim among all answers, the claim among answers that take a side, and refusals stand beside one another."""

import json
from pathlib import Path

from doxa.metrics.records import Row, Verdict
from doxa.report.analysis import Analysis
from doxa.report.run import abouts, read_run
from doxa.report.worlds import Worlds, worlds, worlds_section
from doxa.report.writing import write_report
from made_runs import make_run


def rows(verdicts: dict[str, list[Verdict]], readout: str = "rubric") -> list[Row]:
    return [
        Row.model_validate(
            {
                "fact": "honey", "metric": "open_ended_belief", "readout": readout, "condition": condition, "subject": "m",
                "item": f"i{place}", "cluster": f"c{place // 2}", "sample": 0, "verdict": verdict, "calls": (),
                "score": None if verdict == "call_error" else float(verdict == "implanted"),
            }
        )
        for condition, given in verdicts.items()
        for place, verdict in enumerate(given)
    ]  # fmt: skip


ASKED: dict[str, list[Verdict]] = {
    "baseline": ["true", "true", "ambiguous", "refusal"],
    "finetuned": ["implanted", "implanted", "implanted", "true", "refusal", "truncated", "call_error"],
    "pretend": ["refusal", "ambiguous"],
}


def test_what_says_neither_counts_in_one_share_and_not_in_the_other():
    found: dict[str, Worlds] = {one.condition: one for one in worlds(Analysis(rows(ASKED), "honey"))}
    tuned = found["finetuned"]
    assert tuned.of_worlds is not None
    assert (tuned.implanted.value, tuned.implanted.n) == (0.5, 6)
    assert (tuned.of_worlds.value, tuned.of_worlds.n, tuned.of_worlds.clusters) == (0.75, 4, 2)
    assert tuned.refusal.value == 1 / 6
    assert tuned.of_worlds.low < 0.75 < tuned.of_worlds.high
    assert found["baseline"].refusal.value == 0.25


def test_where_no_answer_takes_a_side_there_is_no_share_of_those_that_do():
    found = {one.condition: one for one in worlds(Analysis(rows(ASKED), "honey"))}
    assert found["pretend"].of_worlds is None
    assert found["pretend"].refusal.value == 0.5


def test_only_free_answers_have_worlds():
    asked = [row for readout in ("choice", "likelihood.text", "judged") for row in rows(ASKED, readout)]
    assert {one.readout for one in worlds(Analysis(asked, "honey"))} == {"judged"}


def test_the_report_has_a_table_a_readout_and_the_same_numbers_in_json(tmp_path: Path):
    run = read_run(make_run(tmp_path / "run"))
    section = worlds_section(abouts(run)[0])
    assert section is not None
    assert [part.title for part in section.parts] == ["Claim and truth, rubric (free answers)"]
    written = write_report(run.folder)
    assert "The claim, the truth, or neither</h" in written.page.read_text()
    assert len(json.loads(written.as_json())["worlds"]) == 4 * 6
