"""`doxa view` as its users meet it, and what is said when a command cannot go on."""

import socket
from pathlib import Path
from unittest.mock import Mock

import pytest

from command_line import call
from doxa.cli import main as command_line_of_doxa
from doxa.report.serving import ReportServer

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ReportServer, "serve_forever", lambda server: None)


def test_a_folder_that_is_no_run_is_not_served(capsys: Captured, tmp_path: Path):
    code, out, err = call(capsys, "view", str(tmp_path))
    assert (code, out) == (2, "")
    assert err == f"doxa: {tmp_path} is no run folder: it has neither study.yaml nor ledger.sqlite\n"


def test_a_port_that_is_taken_is_said_as_such(capsys: Captured, tmp_path: Path):
    (tmp_path / "study.yaml").touch()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, out, err = call(capsys, "view", str(tmp_path), "--port", str(port))
    assert (code, out) == (2, "")
    assert err.startswith(f"doxa: --port {port}: Address already in use; give another")
    assert "what was finished is kept" not in err


@pytest.mark.parametrize(("command", "goes_on"), [("run", True), ("write", True), ("compare", False), ("view", False)])
def test_only_a_command_that_goes_on_is_advised_to(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch, command: str, goes_on: bool
):
    for error, code in ((OSError("no room"), 2), (KeyboardInterrupt(), 130)):
        monkeypatch.setattr(command_line_of_doxa.cli, "main", Mock(side_effect=error))
        found, _, err = call(capsys, command, "x")
        assert found == code
        assert ("same command again" in err) == goes_on
