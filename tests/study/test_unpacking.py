"""The first run says why nothing happens while the embedded model is unpacked."""

from pathlib import Path

import pytest

from doxa.errors import MissingError
from doxa.models.local import weights
from doxa.progress import Silent
from doxa.study import running
from doxa.study.records import Study


class Heard(Silent):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)


@pytest.mark.parametrize(("unpacked", "said"), [(False, 1), (True, 0)])
def test_unpacking_is_said_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, unpacked: bool, said: int):
    def stop(*_: object) -> None:
        raise MissingError("far enough")

    monkeypatch.setenv("DOXA_CACHE", str(tmp_path))
    monkeypatch.setattr(running, "open_model", stop)
    monkeypatch.setattr(running, "embedded_gguf", lambda: tmp_path)
    if unpacked:
        folder = tmp_path / f"{weights.EMBEDDED_NAME}-{weights.EMBEDDED_GGUF_SHA256[:12]}"
        folder.mkdir()
        (folder / "config.json").write_text("{}")
    heard = Heard()
    study = Study.model_validate({"name": "own", "fact": "honey", "interventions": ["baseline"]})
    with pytest.raises(MissingError):
        running.run_study(study, tmp_path / "run", tmp_path, heard)
    assert len(heard.lines) == said
    assert all("unpacking the embedded model" in line for line in heard.lines)
