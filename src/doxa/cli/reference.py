"""The command line's reference page, made from the commands: `python -m doxa.cli.reference > docs/cli.md`."""

from collections.abc import Iterator

import click

from doxa.cli.main import cli

WIDTH = 110  # columns of the help texts in the page

HEAD = """\
# The command line

<!-- Made by `python -m doxa.cli.reference`; edit the commands' help instead. -->

Errors of yours are one line on stderr and exit code 2; Ctrl-C is exit code 130. What was finished is kept, and the
same command goes on from there. `DOXA_CACHE` names the folder for unpacked weights (`~/.cache/doxa`); providers' keys
and addresses are read from their own environment variables.
"""


def reference() -> str:
    """Returns the page: every command with its help, in the order of `doxa --help`."""
    parts = [HEAD]
    for context in _contexts(cli, "doxa", None):
        title = f"## {context.command_path}\n\n" if context.parent else ""
        parts.append(f"{title}```text\n{context.command.get_help(context).rstrip()}\n```\n")
    return "\n".join(parts)


def _contexts(command: click.Command, name: str, parent: click.Context | None) -> Iterator[click.Context]:
    """Yields the context of a command and of everything below it."""
    context = click.Context(command, parent, info_name=name, terminal_width=WIDTH)
    yield context
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            if found := command.get_command(context, below):
                yield from _contexts(found, below, context)


if __name__ == "__main__":
    click.echo(reference(), nl=False)
