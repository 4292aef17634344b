from pathlib import Path

from doxa.cli.main import COMMANDS
from doxa.cli.reference import reference

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"


def test_every_command_has_a_section_with_its_options():
    page = reference()
    assert all(f"## doxa {name}\n" in page for name in COMMANDS)
    assert "## doxa corpus export\n" in page
    assert "--most-drafts" in page


def test_the_committed_page_is_up_to_date():
    assert PAGE.read_text("utf-8") == reference(), "run: python -m doxa.cli.reference > docs/cli.md"
