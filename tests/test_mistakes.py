"""docs/mistakes.md and the tests that carry a mistake in their words are held to each other."""

import ast
import re
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "mistakes.md"


def named_in(file: Path) -> set[str]:
    """Returns the tests of a file whose text speaks of a mistake, decorators included."""
    text = file.read_text(encoding="utf-8")
    lines = text.splitlines()
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            if re.search(r"\bMistakes?\b", "\n".join(lines[first - 1 : node.end_lineno])):
                found.add(node.name)
    return found


def test_every_mistake_of_the_page_has_its_test_and_every_such_test_stands_on_the_page():
    files = [file for file in TESTS.rglob("test_*.py") if file != Path(__file__)]
    there = {f"{file.relative_to(TESTS)}::{name}" for file in files for name in named_in(file)}
    cited = set(re.findall(r"`([\w/]+\.py::\w+)`", PAGE.read_text(encoding="utf-8")))
    assert cited == there


def test_every_row_of_the_page_names_a_test():
    rows = [line.split(" | ") for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    assert [row[-1] for row in rows if ".py::test_" not in row[-1]] == ["test |", "--- |"] * 2
    assert len(rows) == 2 * 2 + 15 + 4
