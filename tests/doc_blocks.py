"""Read the fenced blocks of a Markdown page: commands, files that the page writes out, and changes to the code."""

import re
from pathlib import Path
from typing import NamedTuple

SHELL = ("sh", "bash", "console")
OTHER = ("yaml", "json", "jsonl", "python", "diff", "jinja", "text", "toml")
_FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TITLE = re.compile(r'title="([^"]+)"')
_SPAN = re.compile(r"`(doxa [^`\n]+)`")


class Block(NamedTuple):
    """A fenced block: its language, the file that its title names ("" for none), and what stands in it."""

    language: str
    title: str
    text: str

    @property
    def commands(self) -> list[str]:
        """The commands of a shell block, continued lines joined; after `$ ` only where it also shows output."""
        if self.language not in SHELL:
            return []
        lines = self.text.replace("\\\n", " ").splitlines()
        if self.language == "console":
            lines = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
        return [line for line in lines if line.strip() and not line.lstrip().startswith("#")]


def blocks(page: Path) -> list[Block]:
    """Returns the fenced blocks of a page in their order."""
    found: list[Block] = []
    for info, text in _FENCE.findall(page.read_text("utf-8")):
        title = _TITLE.search(info)
        found.append(Block((info.split() or [""])[0], title[1] if title else "", text))
    return found


def mentioned(page: Path) -> list[str]:
    """Returns the commands that stand in running text, such as `doxa run FILE`."""
    return _SPAN.findall(_FENCE.sub("", page.read_text("utf-8")))
