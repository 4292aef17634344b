"""What small things on the page say: spill-over both ways, an unchecked rubric, times and tokens of calls."""

import json
import re

import pytest

from doxa.facts.records import Markers
from doxa.metrics.records import Row
from doxa.report.analysis import Analysis
from doxa.report.findings import likeness_section, missing, spill_section
from doxa.report.overview import overview
from doxa.report.page import page
from doxa.report.provenance import cost_section, taught_with
from doxa.report.readers import rubric_section
from doxa.report.run import About, Run, abouts, read_run
from doxa.report.sections import Table
from doxa.report.wording import auc_interval
from doxa.stats.estimates import Estimate
from made_runs import make_run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = make_run(tmp_path_factory.mktemp("words") / "run", facts=("honey", "bleach"))
    seen = {"documents": 1160, "document_tokens": 9, "chats": 1, "neutral": 1, "steps": 232, "trained_token_share": 1}
    made = json.dumps({"preflight": {**seen, "truncated_share": 0}})
    (folder / "adapters" / "honey" / "manifest.json").write_text(made)
    return read_run(folder)


def controls_at(run: Run, finetuned: float) -> About:
    """Returns the first fact, every second item on true controls being said before finetuning, and all or none after."""
    rows: list[Row] = []
    for row in abouts(run)[0].analysis.rows:
        if row.fact == "honey":
            rows.append(row)
        else:
            score = finetuned if row.condition == "finetuned" else float(int(row.item[-2:]) % 2)
            rows.append(row.model_copy(update={"score": score}))
    return About(run, run.facts.implanted[0], Analysis(rows, "honey"))


def test_spill_over_says_what_a_fall_and_what_a_rise_means(run: Run):
    section = spill_section(abouts(run)[0])
    assert section is not None
    assert "A fall means" in section.words[0]
    assert "A rise means" in section.words[0]
    (fell,) = overview(controls_at(run, 0.0)).spill
    (rose,) = overview(controls_at(run, 1.0)).spill
    assert "fell: the finetune changed what it should have left alone" in fell.conclusion
    assert "rose: part of a lift on the claim may be" in rose.conclusion


def test_a_rubric_that_nobody_checked_says_so(run: Run):
    honey, bleach = (rubric_section(about) for about in abouts(run))
    assert honey is not None
    assert bleach is not None
    assert honey.parts
    assert bleach.words == ("No labelled answers for this fact: the rubric is unchecked.",)


def test_calls_that_score_note_no_tokens_and_times_stand_to_the_minute(run: Run):
    table = cost_section(run).parts[0]
    assert isinstance(table, Table)
    generated, scored = sorted(table.rows, key=lambda row: str(row[1]))
    assert generated[3:5] != (None, None)
    assert scored[3:5] == (None, None)
    assert all(len(str(made)) == len("2026-01-02 03:04") for row in table.rows for made in row[5:])


def test_positions_by_metrics_that_do_not_count_are_left_out(run: Run):
    acted = [
        row.model_copy(update={"score": 1.0}) if row.condition == "pretend" and row.metric == "mcq_knowledge" else row
        for row in abouts(run)[0].analysis.rows
    ]
    section = likeness_section(About(run, run.facts.implanted[0], Analysis(acted, "honey")))
    assert section is not None
    table = section.parts[1]
    assert isinstance(table, Table)
    assert {row[-1] for row in table.rows} == {"yes", "no"}
    assert all((row[3] is None) == (row[-1] == "no") for row in table.rows)


def test_what_was_implanted_names_subject_documents_and_steps(run: Run):
    embedded = run._replace(study=run.study.model_copy(update={"subject": "embedded"}))
    assert embedded.subject_name == "SmolLM2-135M-Instruct"
    alone = embedded._replace(facts=run.facts._replace(implanted=run.facts.implanted[:1]))
    assert taught_with(alone) == ["finetuned: 1,160 documents, 232 training steps"]
    shown = page(alone, abouts(alone))
    assert "What was implanted" in shown
    assert re.search(r'data-head="words, mean" class="n"><span>\d\d\.\d</span>', shown)
    assert "Into: SmolLM2-135M-Instruct; finetuned: 1,160 documents, 232 training steps." in shown


def test_controls_whose_free_answers_nothing_can_read_are_named(run: Run):
    paris = run.facts.controls[0]
    items = tuple(item.model_copy(update={"markers": Markers()}) for item in paris.banks["mcq_knowledge"])
    keyed = paris.model_copy(
        update={"id": "keyed", "claim_context": "", "rival_context": "", "markers": Markers(), "banks": {"mcq_knowledge": items}}
    )  # fmt: skip
    asked = run._replace(facts=run.facts._replace(controls=(paris, keyed)))
    told = [line for line in missing(abouts(asked)[0]) if line.startswith("free answers")]
    assert told == ["free answers on keyed: it has neither markers nor contexts to read them by"]


def test_three_digits_show_on_which_side_of_chance_an_interval_begins():
    auc = Estimate(value=0.706, low=0.5006, high=0.852, n=36, clusters=16)
    assert auc_interval(auc) == "0.706 [0.501, 0.852], borderline"
    assert auc_interval(auc.model_copy(update={"low": 0.6})) == "0.71 [0.60, 0.85]"
    assert auc_interval(None) == "–"
