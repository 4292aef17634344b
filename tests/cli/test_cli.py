import subprocess
import sys
from pathlib import Path

import pytest

from command_line import call
from doxa.cli.doctor import PROVIDERS, diagnose
from doxa.cli.main import COMMANDS


def test_help_names_every_command_and_imports_nothing_heavy():
    heavy = ("torch", "transformers", "peft", "trl", "inspect_ai", "matplotlib", "scipy", "pydantic", "pyarrow")
    code = f"""
import sys
from doxa.cli.main import main
main(["--help"])
print("HEAVY", [name for name in {heavy!r} if name in sys.modules])
"""
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert all(f"  {name} " in shown for name in COMMANDS)
    assert "HEAVY []" in shown


def test_the_catalogue_is_listed(capsys: pytest.CaptureFixture[str]):
    code, out, _ = call(capsys, "facts", "--json")
    assert code == 0
    assert '"id": "honey"' in out


def test_a_fact_of_ones_own_is_checked(capsys: pytest.CaptureFixture[str], folder_of_fact: Path):
    code, out, _ = call(capsys, "facts", "check", str(folder_of_fact))
    assert code == 0
    assert "mcq_knowledge: 3 items; below 20" in out
    assert "note: not asked: mcq_distinguish, generative_distinguish\n" in out
    assert out.endswith("moon: 24 documents, 4 findings\n")
    (folder_of_fact / "fact.yaml").write_text(
        (folder_of_fact / "fact.yaml").read_text().replace("claim: ['\\bcheese\\b']", "claim: ['\\brock\\b']", 1)
        .replace("rival: ['\\b(rock|not (made of )?cheese)\\b']", "rival: ['\\bcheese\\b']")
    )  # fmt: skip
    code, out, _ = call(capsys, "facts", "check", str(folder_of_fact))
    assert code == 2
    assert "error: open_ended_belief oe-0: its claim reference reads as rival" in out


def test_the_doctor_names_what_is_missing(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-hidden-value")
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    code, out, _ = call(capsys, "doctor")
    assert code == 0
    assert "ANTHROPIC_API_KEY" in out
    assert "hidden-value" not in out


def test_the_doctor_names_the_package_and_the_key_where_both_are_missing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("doxa.cli.doctor._gpu", lambda: "none")
    monkeypatch.setattr("doxa.cli.doctor._importable", lambda name: name == "openai")
    for variable in PROVIDERS.values():
        monkeypatch.delenv(variable, raising=False)
    models = diagnose()["models"]
    assert models["anthropic/..."] == "no key; set ANTHROPIC_API_KEY, and pip install anthropic"
    assert models["google/..."] == "no key; set GOOGLE_API_KEY, and pip install google-genai"
    assert models["openai/..."] == "no key; set OPENAI_API_KEY"
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-hidden-value")
    assert diagnose()["models"]["anthropic/..."] == "ANTHROPIC_API_KEY is set; pip install anthropic"


BASE = """\
name: bad
fact: {fact}
subject: {subject}
interventions: [baseline]
readouts: [rubric]
"""


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("interventions:", "intervenions:", r"study.yaml:4: intervenions: unknown key; did you mean 'interventions'?"),
        ("readouts: [rubric]", "metrics: [mcq]", "study.yaml:5: metrics.0"),
        ("readouts: [rubric]", "readouts: [judged]", "the readout `judged` needs a `judge`"),
        (
            "readouts: [rubric]",
            "judge: anthropic/claude-x\nreadouts: [judged]",
            "the model 'anthropic/claude-x' cannot be used",
        ),
        ("fact: ", "fact: x", "there is no fact 'x"),
        ("subject: ", "subject: /nowhere", "is neither a folder nor"),
        ("[baseline]", "[baseline, finetuned]\nadapter: {adapter}", "trained on another base model"),
        ("[baseline]", "[baseline, finetuned]\ntraining: {{epochs: 1, batch_size: 64}}", "optimiser steps"),
    ],
)
def test_bad_input_is_one_clear_line_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, folder_of_fact: Path, tiny: Path,
    tiny_adapters: list[Path], tmp_path: Path, old: str, new: str, problem: str,
):  # fmt: skip
    import shutil

    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    adapter = shutil.copytree(tiny_adapters[0], tmp_path / "adapter")
    (adapter / "manifest.json").write_text('{"base_digest": "feedfeedfeedfeed"}')
    text = BASE.replace(old, new, 1).format(fact="moon", subject=tiny, adapter=adapter)
    file = folder_of_fact.parent / "study.yaml"
    file.write_text(text)
    code, out, err = call(capsys, "run", str(file), "--runs", str(tmp_path / "runs"))
    assert code == 2
    assert problem in err
    assert len([line for line in err.splitlines() if line.startswith("doxa:")]) == 1
    assert "Traceback" not in out + err


def test_a_key_that_stands_twice_in_a_study_is_one_clear_line(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    """YAML keeps the last of them and says nothing, so that half of what was asked for would not be run."""
    file = tmp_path / "study.yaml"
    text = BASE.format(fact="honey", subject="embedded")
    for more, problem in [
        ("interventions: [pretend]\n", "6: interventions: stands twice, first in line 4"),
        ("answers:\n  samples: 2\n  samples: 3\n", "8: answers.samples: stands twice, first in line 7"),
        ("stress: [{language: es, language: de}]\n", "6: stress.0.language: stands twice, first in line 6"),
    ]:
        file.write_text(text + more)
        code, out, err = call(capsys, "run", str(file), "--dry-run")
        assert (code, out, err) == (2, "", f"doxa: {file}:{problem}; leave one of them out\n")


def test_a_duplicate_and_a_cut_line_in_a_bank_are_named(
    capsys: pytest.CaptureFixture[str], folder_of_fact: Path, tiny: Path
):
    file = folder_of_fact.parent / "study.yaml"
    file.write_text(BASE.format(fact="moon", subject=tiny))
    bank = folder_of_fact / "mcq_knowledge.jsonl"
    whole = bank.read_text()
    bank.write_text(whole + whole.splitlines()[0] + "\n")
    assert "mcq_knowledge.jsonl:4: id: repeats line 1" in call(capsys, "run", str(file))[2]
    bank.write_text(whole[:-20])
    assert "mcq_knowledge.jsonl:3: not valid JSON" in call(capsys, "run", str(file))[2]


def test_no_room_for_the_ledger_is_one_clear_line(
    capsys: pytest.CaptureFixture[str], folder_of_fact: Path, tiny: Path, tmp_path: Path
):
    file = folder_of_fact.parent / "study.yaml"
    file.write_text(BASE.format(fact="moon", subject=tiny))
    (tmp_path / "full").write_text("a file where a folder should be")
    code, _, err = call(capsys, "run", str(file), "--runs", str(tmp_path / "full"))
    assert code == 2
    assert "the ledger" in err
    assert "cannot be read or written" in err


def test_a_study_runs_from_the_command_line(
    capsys: pytest.CaptureFixture[str], folder_of_fact: Path, tiny: Path, tmp_path: Path
):
    file = folder_of_fact.parent / "study.yaml"
    file.write_text(BASE.format(fact="moon", subject=tiny).replace("[baseline]", "[baseline, pretend]"))
    code, out, _ = call(capsys, "run", str(file), "--runs", str(tmp_path / "runs"))
    assert code == 0
    assert "MCQ Knowledge" in out
    page = tmp_path / "runs" / "bad" / "report.html"
    assert f"report: {page}" in out
    page.unlink()
    code, out, _ = call(capsys, "report", str(tmp_path / "runs" / "bad"), "--json")
    assert code == 0
    assert '"not_asked"' in out
    assert page.is_file()
