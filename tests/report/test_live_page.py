"""`doxa view`: what is served, to whom, and how a page follows its run."""

import json
import os
import re
import threading
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from doxa import progress
from doxa.facts.loading import load_fact
from doxa.models.ledger import Ledger, call_key
from doxa.models.protocol import Answer, GenerateRequest
from doxa.reading import read_yaml
from doxa.report.serving import ReportServer
from doxa.report.watching import Watcher
from doxa.study.planning import generate_request, plan_cells
from doxa.study.records import Study
from doxa.study.rows import save_rows
from made_runs import make_run
from report_pages import until

Opener = Callable[..., Any]
STUDY = """
name: under_way
fact: honey
interventions: [baseline, pretend]
metrics: [open_ended_belief]
readouts: [rubric]
made_with: {subject (base): hosted}
"""


@pytest.fixture
def under_way(tmp_path: Path) -> tuple[Path, list[GenerateRequest]]:
    """Returns the folder of a run that has begun to ask, and everything that it is going to ask."""
    folder = tmp_path / "under_way"
    folder.mkdir()
    (folder / "study.yaml").write_text(STUDY)
    study = read_yaml(folder / "study.yaml", Study)
    Ledger(folder / "ledger.sqlite").close()
    return folder, [generate_request(cell, study) for cell in plan_cells(study, [load_fact("honey")], [])]


def answer(folder: Path, requests: list[GenerateRequest]) -> None:
    ledger = Ledger(folder / "ledger.sqlite")
    said = Answer(text="a week", stop="stop").model_dump_json()
    ledger.store(
        [(call_key("hosted", "generate", one), "hosted", "generate", one.model_dump_json(), said) for one in requests]
    )
    ledger.close()


@pytest.fixture
def serve() -> Iterator[Callable[[Path], ReportServer]]:
    servers: list[ReportServer] = []

    def start(folder: Path) -> ReportServer:
        server = ReportServer(folder)
        servers.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def get(server: ReportServer, path: str, host: str = "") -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", server.server_port, timeout=30)
    connection.request("GET", path, headers={"Host": host} if host else {})
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return response.status, text


def test_progress_counts_the_calls_that_the_study_plans_and_no_others(under_way: tuple[Path, list[GenerateRequest]]):
    folder, requests = under_way
    watcher = Watcher(folder)
    assert [(stage.done, stage.total) for stage in watcher.state().stages] == [(0, 50), (0, 50)]
    stranger = requests[0].model_copy(update={"sample": 99})
    answer(folder, [*requests[:50], requests[50], stranger])
    state = watcher.state()
    assert [(stage.name, stage.done) for stage in state.stages] == [("asking, baseline", 50), ("asking, pretend", 1)]
    assert state.words.startswith("49 of 100 calls are still to come")
    answer(folder, requests)
    assert Watcher(folder).state().words == "Every call that can be foreseen is answered; verdicts are on their way."


def test_a_run_has_ended_once_its_rows_are_there_and_begins_anew_with_its_study(under_way: tuple[Path, Any]):
    folder, _ = under_way
    save_rows(folder, [])
    watcher = Watcher(folder)
    assert watcher.state().words == "The run has ended."
    assert watcher.state().stages == []
    (folder / "study.yaml").write_text(STUDY + "seed: 1\n")
    assert "of an earlier run" in watcher.state().words


def test_a_copy_of_a_run_has_ended_as_well(under_way: tuple[Path, Any], tmp_path: Path):
    """Once: files were told apart by their times, which are in the order of copying in a copy."""
    folder, _ = under_way
    save_rows(folder, [])
    copy = tmp_path / "copy"
    copy.mkdir()
    for place, name in enumerate(("rows.parquet", "ledger.sqlite", "study.yaml")):
        (copy / name).write_bytes((folder / name).read_bytes())
        os.utime(copy / name, ns=(place * 10**9, place * 10**9))
    assert Watcher(copy).state().words == "The run has ended."
    (copy / "rows.parquet").write_bytes((folder / "rows.parquet").read_bytes()[:20])
    assert Watcher(copy).state().words != "The run has ended."


def test_a_fact_that_is_gone_is_said_and_not_taken_for_a_corpus_to_come(under_way: tuple[Path, Any]):
    folder, _ = under_way
    (folder / "study.yaml").write_text(STUDY.replace("honey", "nowhere"))
    assert "there is no fact 'nowhere'" in Watcher(folder).state().words


def test_before_the_study_is_noted_training_is_seen(tmp_path: Path):
    (tmp_path / "adapters" / "honey").mkdir(parents=True)
    (tmp_path / "adapters" / "honey" / "metrics.jsonl").write_text('{"loss": 1}\n{"loss": 1}\n')
    state = Watcher(tmp_path).state()
    assert [tuple(stage) for stage in state.stages] == [("training honey, steps", 2, None)]
    assert state.version == ""


def test_the_stage_that_the_run_tells_of_is_shown_with_its_time(
    under_way: tuple[Path, Any], monkeypatch: pytest.MonkeyPatch
):
    folder, _ = under_way
    monkeypatch.setattr(progress, "NOTE_EVERY", 0.0)
    watcher = Watcher(folder)
    before = len(watcher.state().stages)
    with progress.Noted(progress.Silent(), folder / "under_way.json").stage("finetuning", 232) as advance:
        advance(30)
        advance(1, "loss 2.10")
        first = watcher.state().stages[0]
        assert (first.done, first.total) == (31, 232)
        assert re.fullmatch(r"finetuning \(loss 2.10, after 0 min \d s, at \d\d:\d\d:\d\d\)", first.name)
        save_rows(folder, [])
        advance(1)
        assert len(Watcher(folder).state().stages) == before + 1  # rows of an earlier run do not end this one
    assert not (folder / "under_way.json").exists()
    assert Watcher(folder).state().words == "The run has ended."


def test_nothing_is_written_into_the_run_folder(tmp_path: Path, serve: Callable[[Path], ReportServer]):
    run = make_run(tmp_path / "run")
    before = {path: path.stat().st_mtime_ns for path in [run, *run.rglob("*")]}
    server = serve(run)
    assert get(server, "/")[0] == get(server, "/progress.json")[0] == 200
    assert {path: path.stat().st_mtime_ns for path in [run, *run.rglob("*")]} == before


def test_only_this_machine_is_served_and_nothing_but_the_report(tmp_path: Path, serve: Callable[[Path], ReportServer]):
    server = serve(tmp_path)
    assert server.server_address[0] == "127.0.0.1"
    assert get(server, "/", host=f"localhost:{server.server_port}")[0] == 200
    assert get(server, "/", host="attacker.example")[0] == 403
    assert get(server, "/progress.json", host="127.0.0.1.attacker.example")[0] == 403
    assert get(server, "/study.yaml")[0] == get(server, "/../ledger.sqlite")[0] == 404


def test_what_cannot_be_shown_is_said(tmp_path: Path, serve: Callable[[Path], ReportServer]):
    run = make_run(tmp_path / "run")
    (run / "study.yaml").write_text("{name: run, fact: nowhere, interventions: [baseline]}")
    server = serve(run)
    status, text = get(server, "/")
    assert status == 200
    assert "nowhere" in text
    assert "no rows yet" not in text
    assert "No verdicts yet" not in text
    (run / "study.yaml").write_text(
        "{name: run, fact: honey, controls: [paris_capital, earth_orbits_sun], interventions: [baseline]}"
    )
    assert "Overview" in get(server, "/")[1], "once it is mended, the page is there"


def test_the_page_shows_progress_and_comes_anew_with_the_rows(
    opened: Opener, serve: Callable[[Path], ReportServer], under_way: tuple[Path, list[GenerateRequest]], tmp_path: Path
):
    folder, requests = under_way
    answer(folder, requests[:30])
    server = serve(folder)
    page, trouble = opened(server.address, ready="#live progress")
    assert "asking, baseline: 30 of 50" in page.inner_text("#live")
    answer(folder, requests[30:40])
    until(page, "document.querySelector('#live').textContent.includes('40 of 50')")
    made = make_run(tmp_path / "made")
    (made / "rows.parquet").replace(folder / "rows.parquet")
    page.wait_for_selector("#list .entry", timeout=20_000)
    assert "Overview" in page.inner_text("main")
    page.select_option("#filters [name=condition]", "system_prompt")
    made = make_run(tmp_path / "again", rows=1000)
    (made / "rows.parquet").replace(folder / "rows.parquet")
    page.wait_for_selector("#found:has-text('of 1,000 rows')", timeout=20_000)
    assert page.input_value("#filters [name=condition]") == "system_prompt"
    assert trouble == []


@pytest.mark.parametrize("width", [400, 1000, 1600])
def test_the_box_keeps_to_the_column(opened: Opener, serve: Callable[[Path], ReportServer], tmp_path: Path, width: int):
    page, _ = opened(serve(make_run(tmp_path / "run", rows=300)).address, width=width, ready="#list .entry")
    edges = """name => { const found = document.querySelector(name), box = found.getBoundingClientRect(),
        style = getComputedStyle(found), inside = name === 'main';
        return [box.left + (inside ? parseFloat(style.paddingLeft) : 0),
            box.right - (inside ? parseFloat(style.paddingRight) : 0)]; }"""
    assert page.evaluate(edges, "#live") == pytest.approx(page.evaluate(edges, "main"), abs=1)


def test_progress_is_json_that_names_its_stages(under_way: tuple[Path, Any], serve: Callable[[Path], ReportServer]):
    found = json.loads(get(serve(under_way[0]), "/progress.json")[1])
    assert found["stages"][0] == {"name": "asking, baseline", "done": 0, "total": 50}
