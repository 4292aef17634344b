"""Do what a page of the docs tells its reader to do, in a folder of its own.

Commands that need no model are run; of the others every option and argument is parsed, and what they would leave behind is put there,
so that the commands after them have something to work on.
"""

import os
import re
import shlex
import shutil
from contextlib import closing, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import click
import yaml

from doc_blocks import Block, blocks
from doxa.cli.main import cli, main
from doxa.facts.loading import CATALOGUE
from doxa.metrics.records import Row
from doxa.models.ledger import LEDGER, Ledger
from doxa.models.protocol import Answer
from doxa.reading import read_yaml
from doxa.study.planning import plan_cells
from doxa.study.records import Study
from doxa.study.rows import STUDY, save_rows
from doxa.study.running import facts_of

ROOT = Path(__file__).parents[1]
CORPUS = ROOT / "examples" / "corpora" / "honey-embedded"

# Commands of doxa that are run as they stand, and those that are only parsed unless they say --dry-run, with the reason.
RUN = (
    "new", "report", "compare", "rescore", "power", "corpus", "corpus show", "corpus export", "corpus import", "schema",
    "facts", "facts check", "judges",
)  # fmt: skip
PARSED = {
    "run": "asks a model",
    "write": "asks a model",
    "draft": "asks a model",
    "judges check": "asks a model",
    "view": "serves until it is stopped",
    "export": "imports Inspect, for seconds",
    "doctor": "imports torch to name the GPU",
}
# Everything else that a page may tell its reader to do, by how it starts, and why it is not done here.
NOT_OURS = {
    "git": "would fetch from a network",
    "make": "takes minutes; that the target is in the Makefile is checked",
    "pip": "installs",
    "python": "starts a benchmark or a virtual environment",
    "python3": "makes a virtual environment",
    ".": "activates a virtual environment",
    "export": "sets a key or an address",
    "vllm": "serves a model",
    "inspect": "asks a model or serves until it is stopped; tests/inspect run the task",
    "wait": "waits for runs that are not started here",
}
RUN_BY_SHELL = ("mkdir", "for")  # cheap commands of the shell itself

# What stands for something of the reader's own.
OWN = {
    "STUDY.yaml": "examples/honey.yaml",
    "STUDY": "examples/honey.yaml",
    "FILE": "examples/honey.yaml",
    "runs/NAME": "runs/honey",
    "RUN": "runs/honey",
    "FACT": "honey",
    "PATH": "honey",
    "NAME": "mine",
    "CLAIM": "Lightning only strikes at night.",
    "MODEL": "openai/gpt-5-mini",
    "USD": "10",
    "IN/OUT": "3/15",
}


def follow(page: Path, folder: Path) -> list[str]:
    """Follows a page in a folder and returns its commands of doxa that were run, by name.

    Raises:
        AssertionError: A command is wrong, or fails, or nobody has said what is to be done with it.
    """
    shutil.copytree(ROOT / "examples", folder / "examples")
    (folder / "docs" / "schemas").mkdir(parents=True)
    before = Path.cwd()
    os.chdir(folder)
    try:
        return [name for block in blocks(page) for name in _follow_block(block, folder)]
    finally:
        os.chdir(before)


def _follow_block(block: Block, folder: Path) -> list[str]:
    if block.title and not block.title.startswith("src/"):
        path = folder / block.title
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, "utf-8")
    if block.language == "yaml" and block.text.lstrip().startswith(("name:", "# yaml-language-server")):
        data = yaml.safe_load(block.text)
        if "interventions" in data and (adapter := Study.model_validate(data).adapter):
            _leave_adapter(folder / adapter)
    return [name for line in block.commands if (name := _obey(line, folder))]


def _leave_adapter(folder: Path) -> None:
    """Leaves what a reader has who trained elsewhere."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "adapter_config.json").write_text('{"peft_type": "LORA"}')
    (folder / "adapter_model.safetensors").touch()


def _obey(line: str, folder: Path) -> str | None:
    """Runs or parses one line; returns the name of a command of doxa that was run."""
    words = shlex.split(line, comments=True)
    while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
        words = words[1:]
    if words[0] != "doxa":
        assert words[0] in (*NOT_OURS, *RUN_BY_SHELL), f"say in doc_commands.py what is to be done with: {line}"
        if words[0] == "make":
            makefile = (ROOT / "Makefile").read_text("utf-8")
            assert f"\n{words[1]}:" in makefile, f"no such target: {line}"
        if words[0] in RUN_BY_SHELL:
            assert os.system(line) == 0, line
        return None
    arguments = _filled([word for word in words[1:] if word != "&"])
    target = None
    if ">" in arguments:
        arguments, target = arguments[:-2], folder / arguments[-1]
    _provide(arguments, folder)
    name, context = parsed(arguments)
    assert name in RUN or name in PARSED, f"say in doc_commands.py what is to be done with: {line}"
    if name in PARSED and "--dry-run" not in arguments:
        _leave_behind(name, context.params)
        return None
    out = _run(arguments, line)
    if target is not None:
        target.write_text(out, "utf-8")
    return name


def parsed(arguments: list[str]) -> tuple[str, click.Context]:
    """Parses arguments against the tree of commands, as strictly as click does before it calls one.

    Raises:
        AssertionError: There is no such command, option or choice, or an argument is missing.
    """
    command, context, path, rest = cli, click.Context(cli, info_name="doxa"), [], arguments
    if rest and rest[0] in ("--help", "--version"):
        return "", context
    try:
        while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
            name, found, rest = command.resolve_command(context, rest)
            assert found is not None
            assert name is not None
            command, path = found, [*path, name]
            if not (isinstance(command, click.Group) and rest and not rest[0].startswith("-")):
                context = command.make_context(name, list(rest), parent=context)
    except click.ClickException as error:
        raise AssertionError(f"doxa {shlex.join(arguments)}: {error.format_message()}") from None
    return " ".join(path), context


def _run(arguments: list[str], line: str) -> str:
    out, err = StringIO(), StringIO()
    code: object = 0
    try:
        with redirect_stdout(out), redirect_stderr(err):
            main(list(arguments))
    except SystemExit as stop:
        code = stop.code
    assert not code, f"{line}: exit code {code}: {err.getvalue()}"
    return out.getvalue()


def _filled(words: list[str]) -> list[str]:
    """Puts something that is here in place of the reader's own; where two runs are meant, they are two."""
    if words.count("RUN") == 2:
        first, second = Path(OWN["RUN"]), Path(OWN["RUN"] + "-again")
        shutil.copytree(first, second)
        words = [*words]
        words[words.index("RUN")] = str(second)
    return [OWN.get(word, word) for word in words]


def _provide(arguments: list[str], folder: Path) -> None:
    """Puts a file in place that a page takes to be its reader's own."""
    formats = {"synth_docs.jsonl": "synthetic-documents", "worlds.jsonl": "universe-contexts"}
    for word in arguments:
        if word in formats and not (folder / word).exists():
            _run(["corpus", "export", "honey", "--format", formats[word], "--to", word], word)


def _leave_behind(name: str, given: dict[str, Any]) -> None:
    """Puts in place what a command that asks a model would have left behind."""
    if name == "run":
        study = given["study_file"]
        if not study.exists():
            raise AssertionError(f"doxa run {study}: there is no such file")
        _finished_run(read_yaml(study, Study).located(study.parent), given["runs"])
    elif name == "write":
        folder = given["folder"] or Path("corpora") / Path(given["facts"][0]).name
        shutil.copytree(CORPUS, folder, dirs_exist_ok=True)
    elif name == "draft" and given["folder"]:
        shutil.copytree(CATALOGUE / "honey", given["folder"], dirs_exist_ok=True)


def _finished_run(study: Study, runs: Path) -> None:
    """Writes the run folder of a study whose subject has answered a few items, always the same."""
    folder = runs / study.name
    if folder.exists():
        return
    folder.mkdir(parents=True)
    few = study.model_copy(update={"limits": {"rubric": 4}, "control_limits": {"rubric": 2}, "readouts": ("rubric",)})
    saying = Answer(text="That is hard to say.", stop="stop").model_dump_json()
    cells = plan_cells(few, *facts_of(study))
    with closing(Ledger(folder / LEDGER)) as ledger:
        ledger.store([(f"k{n}", "m", "generate", "{}", saying) for n in range(len(cells))])
    rows = [
        Row(
            fact=cell.fact.id, metric=cell.metric, readout="rubric", condition=cell.condition.name, subject="m",
            persona=Path(cell.condition.persona).stem, item=cell.item.id, cluster=cell.item.cluster, sample=cell.sample,
            verdict="ambiguous", score=0.0, calls=(f"k{n}",),
        )
        for n, cell in enumerate(cells)
    ]  # fmt: skip
    save_rows(folder, rows)
    (folder / STUDY).write_text(yaml.safe_dump(study.model_dump(mode="json", exclude_none=True)), "utf-8")
    shutil.copytree(CORPUS, folder / "corpus")
