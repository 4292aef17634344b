"""The command line: `doxa COMMAND`. Commands are imported when they are called, so that `--help` is instant."""

import importlib
import sys
from collections.abc import Sequence
from typing import Any

import click

from doxa import __version__
from doxa.errors import DoxaError

COMMANDS = {
    "new": "Write a study file to start from.",
    "run": "Run a study from its file, or go on where it stopped.",
    "report": "Write the report of a run anew.",
    "view": "Serve the report in a browser, with live progress while a run goes on.",
    "compare": "Put runs side by side, paired on the same items.",
    "export": "Write a run as Inspect logs, with every conversation behind its rows.",
    "rescore": "Read the stored answers of a run again; no model is asked.",
    "judges": "Check how well judges read answers, on a gold set.",
    "power": "Say how many items a contrast needs.",
    "draft": "Draft a fact of your own, question banks and all, from one line.",
    "write": "Write a corpus of synthetic documents about a fact, with any writer.",
    "corpus": "Show what a corpus holds and how healthy it is; bring corpora in and out.",
    "schema": "Print the JSON Schema of a study file or a fact.",
    "facts": "List the catalogue, or check a fact of your own.",
    "doctor": "Say what is installed, which models can answer, and how to get what is missing.",
}

GOING_ON = ("run", "draft", "write", "judges")  # commands that keep what was finished and go on from there


class LazyGroup(click.Group):
    """A group whose commands live in `doxa.cli.NAME` as `command`, imported only when called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Returns the names in the order of a study."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports one command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"doxa.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the list of commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup)
@click.version_option(__version__, prog_name="doxa")
def cli() -> None:
    """Implant a belief in a language model and find out whether it is believed or only performed."""


def main(arguments: list[str] | None = None) -> Any:
    """Runs the command line; an error of the user's is one line on stderr and exit code 2."""
    goes_on = _command(sys.argv[1:] if arguments is None else arguments) in GOING_ON
    try:
        return cli.main(arguments, prog_name="doxa", standalone_mode=False)
    except DoxaError as error:
        click.echo(f"doxa: {error}", err=True)
    except OSError as error:
        advice = "; what was finished is kept, run the same command again to go on" if goes_on else ""
        click.echo(f"doxa: {error}{advice}", err=True)
    except click.ClickException as error:
        error.show()
    except (click.Abort, KeyboardInterrupt):
        click.echo(f"doxa: stopped{'; run the same command again to go on' if goes_on else ''}", err=True)
        sys.exit(130)
    sys.exit(2)


def _command(arguments: Sequence[str]) -> str:
    return next((word for word in arguments if not word.startswith("-")), "")
