"""Every command in the docs is run, or parsed where it needs a model; see `doc_commands`."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from doc_blocks import OTHER, SHELL, blocks, mentioned
from doc_commands import PARSED, RUN, follow, parsed
from doxa.cli.main import cli

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
EXTENDING = [page for page in PAGES if any(block.language == "diff" for block in blocks(page))]
MOST_LINES = 40  # of an extension, changes and new modules together


def names(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", [page for page in PAGES if page not in EXTENDING], ids=names)
def test_the_commands_of_a_page_do_what_it_says(page: Path, tmp_path: Path):
    follow(page, tmp_path)


@pytest.mark.parametrize("page", EXTENDING, ids=names)
def test_a_recipe_for_an_extension_works_on_a_copy_of_the_code(page: Path, tmp_path: Path):
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for block in blocks(page):
        if block.language == "diff":
            subprocess.run(["git", "apply", "-"], input=block.text, text=True, cwd=tmp_path, check=True)
        elif block.title.startswith("src/"):
            (tmp_path / block.title).write_text(block.text, "utf-8")
    (tmp_path / "reader").mkdir()
    code = "import sys; from pathlib import Path; from doc_commands import follow; print(follow(Path(sys.argv[1]), Path(sys.argv[2])))"
    extended = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path / "src"), str(ROOT / "tests")])}
    arguments = [sys.executable, "-c", code, str(page), str(tmp_path / "reader")]
    done = subprocess.run(arguments, env=extended, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "'run', 'report'" in done.stdout  # the dry run asked for the extension, and the report shows it


@pytest.mark.parametrize("page", EXTENDING, ids=names)
def test_an_extension_is_small(page: Path):
    changed = [line for block in blocks(page) if block.language == "diff" for line in block.text.splitlines()]
    added = [line for line in changed if line.startswith("+") and not line.startswith("+++")]
    new = [line for block in blocks(page) if block.title.startswith("src/") for line in block.text.splitlines()]
    assert 0 < len(added) + len(new) < MOST_LINES


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_no_block_is_of_an_unknown_language_or_hides_a_command(page: Path):
    for block in blocks(page):
        assert block.language in (*SHELL, *OTHER), f"a block of the language {block.language!r}:\n{block.text}"
        if block.language not in SHELL:
            assert not [line for line in block.text.splitlines() if line.startswith(("$ ", "doxa "))]
        else:
            assert block.commands, f"a shell block without a command:\n{block.text}"


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_commands_in_running_text_exist_with_their_options(page: Path):
    for command in mentioned(page):
        words = command.split()[1:]
        path = [word for word in words if word.islower() and word.isalpha()]
        known = {option for parameter in named(path).params for option in parameter.opts}
        unknown = [word for word in words if word.startswith("--") and word not in {*known, "--help", "--version"}]
        assert not unknown, f"{names(page)}: `{command}`"


def named(path: list[str]) -> click.Command:
    """Returns the command that words name; words after the name of a whole command are its arguments."""
    command: click.Command = cli
    for word in path:
        if not isinstance(command, click.Group):
            break
        below = command.get_command(click.Context(command), word)
        assert below is not None, f"doxa {' '.join(path)}"
        command = below
    return command


@pytest.mark.parametrize(
    "arguments",
    [["rnu", "x.yaml"], ["run"], ["run", "x.yaml", "--jsno"], ["write", "honey"], ["write", "honey", "-n", "ten"]],
)
def test_a_wrong_command_would_be_found(arguments: list[str]):
    with pytest.raises(AssertionError):
        parsed(arguments)


def test_a_command_that_nobody_thought_of_would_be_found(tmp_path: Path):
    page = tmp_path / "page.md"
    page.write_text("```sh\nrm -r everything\n```\n")
    (tmp_path / "here").mkdir()
    with pytest.raises(AssertionError, match="rm -r everything"):
        follow(page, tmp_path / "here")


def test_it_is_said_of_every_command_whether_it_is_run():
    known = set(command_names(cli, click.Context(cli)))
    assert known == {*RUN, *PARSED}
    assert not set(RUN) & set(PARSED)


def command_names(group: click.Group, context: click.Context, above: str = "") -> Iterator[str]:
    for name in group.list_commands(context):
        below = group.get_command(context, name)
        yield f"{above}{name}"
        if isinstance(below, click.Group):
            yield from command_names(below, click.Context(below, context), f"{above}{name} ")
