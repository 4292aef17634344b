"""Several facts, several finetunes, several personas: each is judged by itself and none is lost."""

import json
import re
from pathlib import Path

import pytest
from rich.console import Console

from doxa.cli.run import show_report
from doxa.metrics.records import Row
from doxa.report.analysis import Analysis
from doxa.report.findings import contrasts_section, likeness_section, spill_section, validity_section
from doxa.report.overview import facts_table, is_believed, may_be_trusted, overview
from doxa.report.page import fact_sections
from doxa.report.run import About, Run, abouts, read_run
from doxa.report.tables import print_summary, print_tables
from doxa.report.writing import write_report
from doxa.study.rows import load_rows
from made_runs import make_run


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("several") / "two"
    return make_run(folder, facts=("honey", "bleach"), personas=("none", "assistant"))


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return read_run(make_run(tmp_path_factory.mktemp("several") / "one"))


def with_arms(run: Run, **scores: float) -> About:
    """Returns a run whose finetune is that of several arms, the first `score` share of the items of each implanted."""
    rows: list[Row] = []
    for row in run.rows:
        if row.condition != "finetuned":
            rows.append(row)
            continue
        for arm, share in scores.items():
            score = row.score if row.fact != "honey" else float(int(row.item[-2:]) <= 50 * share)
            rows.append(row.model_copy(update={"condition": f"finetuned({arm})", "score": score}))
    return About(run, run.facts.implanted[0], Analysis(rows, "honey"))


def test_every_fact_is_judged_on_its_own_rows_under_the_first_persona(two: Path):
    run = read_run(two)
    honey, bleach = abouts(run)
    assert {row.persona for row in honey.analysis.rows} == {"none"}
    assert {row.fact for row in bleach.analysis.rows} == {"bleach", "paris_capital", "earth_orbits_sun"}
    assert "harm_conflict" in bleach.analysis.metrics
    assert "harm_conflict" not in honey.analysis.metrics
    table = facts_table([overview(honey), overview(bleach)])
    assert [row[0] for row in table.rows] == ["honey", "bleach"]


def test_numbers_and_tables_name_every_fact(two: Path, capsys: pytest.CaptureFixture[str]):
    written = write_report(two)
    content = json.loads(written.as_json())
    assert list(content["facts"]) == ["honey", "bleach"]
    assert {score["condition"] for score in content["facts"]["bleach"]["scores"]} >= {"baseline", "finetuned"}
    assert len(content["facts"]["bleach"]["harm_conflict"]) == 18
    show_report(written, tables=False)
    shown = capsys.readouterr().out
    assert shown.index("honey") < shown.index("bleach")
    page = written.page.read_text()
    for heading in ('id="honey-validity"', 'id="bleach-validity"', 'id="bleach-harm"'):
        assert page.count(heading) == 1
    assert 'id="honey-harm"' not in page


def test_every_arm_is_a_finetune_of_its_own(one: Run):
    about = with_arms(one, direct=0.9, meta=0.1)
    assert about.analysis.finetunes == ["finetuned(direct)", "finetuned(meta)"]
    direct, meta = (is_believed(about.analysis.of(name), "rubric") for name in about.analysis.finetunes)
    assert direct is not None
    assert meta is not None
    assert direct.conclusion.startswith("finetuned(direct), Rubric")
    assert "no belief is seen" in meta.conclusion
    for build in (contrasts_section, validity_section):
        found = build(about)
        assert found is not None
        assert len(found.parts) == 2
    for build in (likeness_section, spill_section):
        found = build(about)
        assert found is not None
        table = found.parts[0]
        assert {row[0] for row in table.rows} == set(about.analysis.finetunes)  # pyright: ignore
    console = Console(record=True, width=200)
    print_tables(about, console)
    shown = console.export_text()
    for arm in about.analysis.finetunes:
        assert f"{arm} minus baseline" in shown
        assert f"Validity, {arm}" in shown
        spilled = shown[shown.index("True controls") :]
        assert sum(line.split()[:1] == [arm] for line in spilled.splitlines()) >= 3  # two controls, and both together


def test_every_table_of_a_fact_is_printed(two: Path):
    console = Console(record=True, width=100)
    print_tables(abouts(read_run(two))[1], console)
    shown = console.export_text()
    for column in ("p (Holm)", "belief-likeness", "corrects it", "repeats itself", "AUC, known against", "verdicts"):
        assert column in shown


def test_a_run_of_several_personas_says_whose_answers_it_shows(two: Path):
    run = read_run(two)
    named = run._replace(study=run.study.model_copy(update={"personas": ("none", "assistant")}))
    asked = "asked under persona none"
    about = abouts(named)[0]
    found = overview(about)
    assert found.headlines[0].conclusion.endswith("Asked under persona none.")
    assert asked in found.glance.title
    assert asked in str(facts_table([found]).rows[0][2]).lower()
    titles = [section.title for section in fact_sections(about) if section.id not in ("rubric", "missing")]
    assert all(title.endswith(f" · {asked}") for title in titles)
    console = Console(record=True, width=200)
    print_summary(about, [], console)
    assert f"What follows was {asked}, the first of 2." in console.export_text()
    alone = abouts(run)[0]
    assert not any("persona" in section.title for section in fact_sections(alone))


def test_a_readout_in_which_controls_alone_were_asked_is_not_shown_first(one: Run):
    """Once: a division by zero, with the page already written."""
    rows = [row for row in one.rows if row.readout != "rubric" or row.fact != "honey"]
    about = About(one, one.facts.implanted[0], Analysis(rows, "honey"))
    assert overview(about).glance.title == "At a glance: likelihood: text"
    console = Console(record=True, width=200)
    print_summary(about, [], console)
    assert "Likelihood: text: belief in the claim" in console.export_text()
    controls = About(one, one.facts.implanted[0], Analysis([row for row in rows if row.fact != "honey"], "honey"))
    assert overview(controls).glance.rows == []
    print_summary(controls, [], console)


def test_of_all_facts_one_block_of_answers_stands_open(two: Path):
    shown = write_report(two).page.read_text()
    blocks = re.findall(r"<details( open)?><summary>(honey|bleach): ", shown)
    assert {fact for _, fact in blocks} == {"honey", "bleach"}
    assert [is_open for is_open, _ in blocks] == [" open"] + [""] * (len(blocks) - 1)


@pytest.mark.parametrize(
    ("share", "conclusion"),
    [
        (1.0, "believed: nearer to what"),
        (0.7, "beyond acting"),
        (0.45, "acting gives more"),
        (0.1, "no belief is seen"),
    ],
)
def test_the_conclusion_follows_the_finetune(one: Run, share: float, conclusion: str):
    line = is_believed(with_arms(one, only=share).analysis, "rubric")
    assert line is not None
    assert conclusion in line.conclusion


def test_a_belief_that_no_metric_can_tell_from_acting_is_not_claimed(one: Run):
    acted = [
        row.model_copy(update={"score": 1.0}) if row.condition == "pretend" and row.readout == "rubric" else row
        for row in one.rows
    ]
    analysis = Analysis(acted, "honey")
    line = is_believed(analysis, "rubric")
    assert line is not None
    assert "cannot be told" in line.conclusion
    trust = may_be_trusted(analysis, "rubric")
    assert trust is not None
    assert trust.conclusion.startswith("Rubric (free answers): 0 of 4 metrics")
    assert trust.numbers.startswith("These do not: MCQ Knowledge (AUC ")


def test_without_a_finetune_the_overview_says_so(one: Run):
    rows = [row for row in one.rows if row.condition != "finetuned"]
    found = overview(About(one, one.facts.implanted[0], Analysis(rows, "honey")))
    assert found.answers[0].conclusion == "Nothing was finetuned here."
    assert found.glance.columns == ("metric", "baseline", "strongest role-play", "finetuned", "known facts")


def test_rows_of_every_persona_are_in_the_page(two: Path):
    assert {row.persona for row in load_rows(two)} == {"none", "assistant"}
