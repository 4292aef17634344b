import fcntl
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from doxa.errors import InputError
from doxa.metrics.records import Row
from doxa.progress import Silent
from doxa.reading import read_yaml
from doxa.study.records import Study
from doxa.study.rows import load_rows
from doxa.study.running import LEDGER, run_study

SCRIPT = """
import sys
from pathlib import Path
from doxa.models.ledger import Ledger
from doxa.progress import Silent
from doxa.reading import read_yaml
from doxa.study.records import Study
from doxa.study.running import run_study

study_file, folder, log = map(Path, sys.argv[1:])
store = Ledger.store
def logged(self, rows, ended=()):
    store(self, rows, ended)
    with log.open("a") as file:
        file.writelines(row[0] + "\\n" for row in rows)
Ledger.store = logged
run_study(read_yaml(study_file, Study), folder, study_file.parent, Silent())
"""


def run(study_file: Path, folder: Path) -> list[Row]:
    return run_study(read_yaml(study_file, Study), folder, study_file.parent, Silent())


@pytest.fixture(scope="module")
def done(shared_study: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns the folder of a study that was run whole."""
    folder = tmp_path_factory.mktemp("done") / "run"
    run(shared_study, folder)
    return folder


def test_a_study_asks_every_cell_and_a_second_run_asks_nothing(shared_study: Path, done: Path):
    rows = load_rows(done)
    conditions = {"baseline", "system_prompt", "few_shot(1, egregious)", "pretend", "finetuned"}
    implanted = [row for row in rows if row.fact == "moon"]
    assert {row.condition for row in implanted} == conditions
    assert {row.condition for row in rows if row.fact == "sky"} == {"baseline", "finetuned"}
    # per condition: 5 items x 2 samples read by rubric, 3 items x 3 and 2 items x 2 likelihood readouts
    assert len(implanted) == 5 * (10 + 9 + 4)
    tuned = {row.subject for row in implanted if row.condition == "finetuned"}
    assert tuned.isdisjoint(row.subject for row in implanted if row.condition != "finetuned")

    with closing(sqlite3.connect(done / LEDGER)) as ledger:
        before = ledger.execute("SELECT key, made FROM calls ORDER BY key").fetchall()
        known = {key for key, _ in before}
    assert {key for row in rows for key in row.calls} <= known
    assert run(shared_study, done) == rows
    with closing(sqlite3.connect(done / LEDGER)) as ledger:
        assert ledger.execute("SELECT key, made FROM calls ORDER BY key").fetchall() == before


def test_samples_of_an_item_are_all_kept(done: Path):
    """Mistake: `zip(questions, answers)` dropped all samples but the first."""
    rows = [row for row in load_rows(done) if (row.fact, row.readout, row.condition) == ("moon", "rubric", "baseline")]
    by_item = {row.item: {other.sample for other in rows if other.item == row.item} for row in rows}
    assert set(map(frozenset, by_item.values())) == {frozenset({0, 1})}
    assert len({row.calls for row in rows}) == len(rows)


def test_the_run_folder_says_how_it_was_made(done: Path):
    noted = read_yaml(done / "study.yaml", Study)
    assert noted.made_with["doxa"]
    assert noted.made_with["subject (finetuned)"].startswith(noted.made_with["subject (base)"] + "+")
    assert (done / "adapters" / "moon" / "adapter_model.safetensors").is_file()
    assert (done / "corpus" / "manifest.json").is_file()


def test_a_killed_run_ends_with_the_same_rows_and_no_call_made_twice(study_file: Path, tmp_path: Path):
    folder, log = tmp_path / "killed", tmp_path / "log"
    command = [sys.executable, "-c", SCRIPT, str(study_file), str(folder), str(log)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}  # for both: on other threads sums round in another way
    unbroken = [*command[:-2], str(tmp_path / "whole"), str(tmp_path / "other_log")]
    subprocess.run(unbroken, env=environment, check=True, capture_output=True)
    whole = load_rows(tmp_path / "whole")
    for kill in range(2):  # at two moments: early, then wherever the run has come to
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline, target = time.monotonic() + 120, _progress(folder, log) + 1
        while time.monotonic() < deadline and process.poll() is None and _progress(folder, log) < target:
            time.sleep(0.02)
        if process.poll() is not None:
            assert kill, "the run was over before it could be killed once"
            break
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert not (folder / "rows.parquet").exists()
    subprocess.run(command, env=environment, check=True, capture_output=True)
    keys = log.read_text().split()
    assert len(keys) == len(set(keys))
    resumed = load_rows(folder)
    assert [row.model_copy(update={"score": 0, "calls": (), "subject": ""}) for row in resumed] == [
        row.model_copy(update={"score": 0, "calls": (), "subject": ""}) for row in whole
    ]
    assert max(abs(a.score - b.score) for a, b in zip(resumed, whole, strict=True)) < 1e-3


def test_two_runs_in_one_folder_do_not_get_in_each_others_way(study_file: Path, tmp_path: Path):
    folder = tmp_path / "run"
    folder.mkdir()
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(InputError, match="another doxa is at work"):
            run(study_file, folder)


def _progress(folder: Path, log: Path) -> int:
    """Counts what has been finished: stored batches and training checkpoints."""
    batches = len(log.read_text().split()) if log.exists() else 0
    return batches + 50 * len(list(folder.glob("adapters/.*/checkpoints/checkpoint-*")))
