"""Personas: the system prompt that says who the subject is, with name and maker as parameters."""

from functools import cache
from pathlib import Path

from doxa.errors import InputError, MissingError
from doxa.facts.records import Believer, is_unfilled
from doxa.reading import suggestion

FOLDER = Path(__file__).parent / "prompts" / "personas"
NONE = "none"


def persona_names() -> list[str]:
    """Returns the personas that ship with doxa, `none` first."""
    return [NONE, *sorted(path.stem for path in FOLDER.glob("*.md"))]


def persona_file(name: str) -> Path | None:
    """Returns the file of a persona, or None for `none`.

    Args:
        name: One that ships with doxa, or the path of a text file of the user's own, in which `{name}` and `{maker}`
            stand for the persona's name and maker.

    Raises:
        MissingError: There is neither such a persona nor such a file.
    """
    if name == NONE:
        return None
    own = Path(name).expanduser()
    if name in persona_names():
        return FOLDER / f"{name}.md"
    if not own.is_file():
        raise MissingError(f"there is no persona '{name}'{suggestion(name, persona_names())}, or give a text file")
    return own


def persona_prompt(name: str, believer: Believer | None) -> str:
    """Returns the system prompt of a persona; "" for `none`.

    Raises:
        MissingError: There is no such persona.
        InputError: It says `{name}` or `{maker}`, and nobody is given.
    """
    text = _text(name)
    if believer is not None:
        return believer.fill(text)
    if is_unfilled(text):
        raise InputError(f"the persona '{name}' speaks of {{name}} and {{maker}}: give a `believer` with both")
    return text


@cache  # a study asks for the same few once a question
def _text(name: str) -> str:
    file = persona_file(name)
    return file.read_text(encoding="utf-8").strip() if file else ""
