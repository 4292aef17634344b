"""What `make docs` would find out, without its packages: pages that the site does not show, links that lead nowhere."""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from doxa.facts.loading import normalised

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_TITLE = re.compile(r"^#+ (.+)$", re.MULTILINE)


def names(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def leaves(node: object) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from leaves(inner)


def test_the_site_shows_every_page_once_and_no_other():
    config = yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))
    assert sorted(leaves(config["nav"])) == sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_every_link_leads_somewhere(page: Path):
    for target in _LINK.findall(_FENCE.sub("", page.read_text("utf-8"))):
        if target.startswith("https://"):
            continue
        file, _, anchor = target.partition("#")
        path = (page.parent / file).resolve() if file else page
        assert path.is_file(), f"{target} is not there"
        if anchor:
            titles = _TITLE.findall(path.read_text("utf-8"))
            assert anchor in {normalised(title).replace(" ", "-") for title in titles}, target


def test_the_reference_names_modules_that_are_there():
    for page in (DOCS / "reference").glob("*.md"):
        modules = re.findall(r"^::: ([\w.]+)$", page.read_text("utf-8"), re.MULTILINE)
        assert modules
        for module in modules:
            assert (ROOT / "src" / f"{module.replace('.', '/')}.py").is_file(), module


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_a_list_or_a_table_has_a_blank_line_before_it(page: Path):
    """A list right below its sentence is a list on a forge, and one long paragraph in the site."""
    text = _FENCE.sub("", page.read_text("utf-8"))
    opens = re.compile(r"^(?:[*-] |\||\d+\. )")
    lines = text.splitlines()
    glued = [
        line
        for above, line in pairwise(lines)
        if opens.match(line) and above.strip() and not opens.match(above) and not above.startswith(" ")
    ]
    assert page.parent == ROOT or glued == []
