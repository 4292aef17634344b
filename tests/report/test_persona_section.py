"""The section on personas says what the persona study found, and is not there without one."""

from pathlib import Path

from rich.console import Console

from doxa.report.overview import facts_table, overview
from doxa.report.persona_section import persona_section
from doxa.report.run import Run, abouts, read_run
from doxa.report.sections import Figure, Table
from doxa.report.tables import print_study_tables
from doxa.study.running import Facts
from made_runs import make_run
from simulated_personas import STUDY, TAUGHT, fact, own_view, predictor, simulate

FACTS = (fact("tea", "benign"), fact("gas", "harmful"))


def test_adoption_stands_behind_its_manipulation_check():
    run = Run(Path(), STUDY, Facts(FACTS, ()), simulate(predictor, list(FACTS), 0), {})
    found = persona_section(run)
    assert found is not None
    figure, adoption = found.parts
    assert isinstance(figure, Figure)
    assert isinstance(adoption, Table)
    assert len(figure.drawings) == 4
    assert {row[0] for row in figure.table.rows} == {"Harmless beliefs", "Harmful beliefs"}
    assert {row[4] for row in adoption.rows} == {"1 of 1"}
    assert any(TAUGHT in line and "answers as its persona would" in line for line in found.lines)


def test_a_run_that_asks_nobody_so_has_no_such_section(tmp_path: Path):
    assert persona_section(read_run(make_run(tmp_path / "run", rows=400))) is None


def test_a_persona_study_reads_the_same_in_all_facts_and_on_the_terminal():
    tea, gas = FACTS
    rows = [*simulate(predictor, [tea], 0), *simulate(own_view, [gas], 1)]
    run = Run(Path(), STUDY, Facts(FACTS, ()), rows, {})
    found = [overview(about) for about in abouts(run)]
    told = {row[0]: row[2] for row in facts_table(found).rows}
    assert told == {one.about.fact.id: one.answers[0].conclusion for one in found}
    assert "answers as its persona would" in str(told["tea"])
    console = Console(record=True, width=200)
    print_study_tables(run, console)
    shown = console.export_text()
    assert "direct lift" in shown
    assert TAUGHT in shown


def test_each_overview_speaks_of_its_own_fact_only():
    tea, gas = FACTS
    rows = [*simulate(predictor, [tea], 0), *simulate(own_view, [gas], 1)]
    of_tea, of_gas = (overview(about) for about in abouts(Run(Path(), STUDY, Facts(FACTS, ()), rows, {})))
    (line,) = of_tea.answers
    assert "answers as its persona would" in line.conclusion
    assert line.numbers.endswith("n 90.")  # 30 direct questions on tea under each of three plain personas
    (line,) = of_gas.answers
    assert "answers by its own view" in line.conclusion
    assert line.numbers.endswith("n 90.")
