"""Conditions as people write them: `pretend`, `{in_context: 4}`, `{few_shot: {k: 10, exemplars: egregious}}`."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple


class Needed(NamedTuple):
    """Stands for the default of a setting that has none.

    Attributes:
        values: What may be given, in words.
    """

    values: str


Settings = Mapping[str, Mapping[str, Any]]  # kind: its settings with their defaults, the one that shorthand means first


def expanded(given: object, kinds: Collection[str], settings: Settings) -> object:
    """Returns the fields of a record for what people write.

    Args:
        given: A kind by itself; a mapping from a kind to its settings, or to the value of its first setting; or a
            record's own fields, which stay as they are.
        kinds: Every kind.
        settings: Of every kind that has any.

    Raises:
        ValueError: A value is given to a kind without settings, or something stands beside a kind.
    """
    if isinstance(given, str):
        given = {"kind": given}
    if not isinstance(given, dict):
        return given
    fields: dict[Any, Any] = dict(given)  # pyright: ignore[reportUnknownArgumentType]
    if "kind" not in fields and (problem := _crowded(fields, kinds)):
        raise ValueError(problem)
    if len(fields) == 1 and "kind" not in fields:
        ((kind, value),) = fields.items()
        fields = {"kind": kind, **(value if isinstance(value, dict) else _first_setting(kind, value, settings))}
    defaults = settings.get(str(fields.get("kind")), {})
    said = {name: value for name, value in fields.items() if value is not None}
    return {name: value for name, value in defaults.items() if not isinstance(value, Needed)} | said


def misfit(kind: str, given: Mapping[str, object], settings: Settings) -> str | None:
    """Returns what is wrong with the settings of a record, or None.

    Args:
        kind: Its kind.
        given: Every setting that any kind has, None where it is not given.
        settings: Of every kind that has any.
    """
    own = settings.get(kind, {})
    if missing := [
        _described(name, default)
        for name, default in own.items()
        if isinstance(default, Needed) and given[name] is None
    ]:
        return f"{kind} needs {' and '.join(missing)}"
    for name, value in given.items():
        if value is not None and name not in own:
            owners = " and ".join(owner for owner, its in settings.items() if name in its)
            return f"`{name}` belongs to {owners}, not to {kind}"
    return None


def named(kind: str, given: Mapping[str, object], settings: Settings) -> str:
    """Returns the name in rows and figures: the kind with its settings, such as `few_shot(10, egregious)`."""
    values = [str(given[name]) for name in settings.get(kind, {}) if given[name] is not None]
    return f"{kind}({', '.join(values)})" if values else kind


def _crowded(fields: Mapping[Any, object], kinds: Collection[str]) -> str | None:
    """Returns what is wrong where something stands beside a kind: a setting that belongs within it, or another kind."""
    listed = [name for name in fields if name in kinds]
    others = [name for name in fields if name not in kinds]
    if len(listed) > 1:
        return f"`{listed[0]}` and `{listed[1]}` stand in one entry; give each an entry of its own"
    if listed and others:
        return f"`{others[0]}` stands beside `{listed[0]}`, not within it; indent it deeper than `{listed[0]}`"
    return None


def _described(name: str, default: Needed) -> str:
    return f"`{name}` ({default.values})"


def _first_setting(kind: object, value: object, settings: Settings) -> dict[str, object]:
    if value is None:
        return {}
    first = next(iter(settings.get(str(kind), ())), None)
    if first is None:
        raise ValueError(f"{kind} has no settings; write it by itself")
    return {first: value}
