"""What a dry run says of the time: only what follows from the demo's."""

import re
from pathlib import Path

import pytest

from command_line import call
from doxa.models.costs import StageEstimate
from doxa.reading import read_yaml
from doxa.study.estimating import estimate_study
from doxa.study.records import Study
from doxa.study.running import facts_of
from doxa.study.timing import DEMO, against_demo, work_here

DEMO_FILE = Path(__file__).parents[2] / "examples" / "honey.yaml"


def stage(model: str, calls: int, tokens_in: int, tokens_out: int) -> StageEstimate:
    return StageEstimate(stage="s", model=model, calls=calls, tokens_in=tokens_in, tokens_out=tokens_out)


def test_the_demo_is_what_it_is_said_to_be():
    study = read_yaml(DEMO_FILE, Study)
    counted = work_here(estimate_study(study, facts_of(study)))
    assert counted == pytest.approx(DEMO, rel=0.05), (
        "count anew, and measure `make demo` anew where it has changed much"
    )


def test_the_dry_run_of_the_demo_takes_as_long_as_the_demo(capsys: pytest.CaptureFixture[str]):
    code, out, _ = call(capsys, "run", str(DEMO_FILE), "--dry-run")
    assert code == 0
    assert "writes 1.0 times as many tokens, reads 1.0 and trains on 1.0" in out
    assert re.search(r"roughly 1[34] to 15 minutes on two cores, where the demo takes 14\.", out)


def test_minutes_are_said_of_the_embedded_model_alone_and_as_wide_as_they_are_known():
    half = [stage("embedded", 9, DEMO.read // 2, DEMO.written // 2), stage("embedded", 0, 3 * DEMO.trained, 0)]
    assert "roughly 7 to 44 minutes" in (against_demo(half) or "")
    assert "roughly at most 8 minutes" in (against_demo(half[:1]) or "")
    other = against_demo([*half, stage("models/qwen (fixed answers)", 1, 1, 1)])
    assert other is not None
    assert "minutes" not in other
    assert against_demo([stage("openai/gpt-5-mini", 9, 9, 9)]) is None
