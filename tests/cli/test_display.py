"""Progress where there is no terminal to redraw."""

import re
import time

import pytest

from doxa.cli import display


def test_a_stage_that_is_quickly_done_is_one_line(capsys: pytest.CaptureFixture[str]):
    with display.RichProgress().stage("drafts", 3) as advance:
        for _ in range(3):
            advance()
    assert re.fullmatch(r"drafts: 3/3 done \(\d+ s\)\n", capsys.readouterr().err)


def test_a_long_step_is_not_silent_and_an_end_is_told_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(display, "LINE_EVERY", 0.05)
    with display.RichProgress().stage("finetuning", 2) as advance:
        advance(1, "loss 2.10")
        time.sleep(0.3)
        advance(1, "loss 2.00")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) > 2
    assert {re.sub(r"\d+ s", "N s", line) for line in lines[:-1]} == {"finetuning: 1/2 loss 2.10 (N s)"}
    assert lines[-1].startswith("finetuning: 2/2 done (")


def test_a_stage_that_fails_is_not_called_done(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(KeyError), display.RichProgress().stage("drafts", 3):
        raise KeyError
    assert capsys.readouterr().err == ""
