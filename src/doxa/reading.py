"""Read YAML and JSONL into records. Every error names the file, the line and the field."""

import difflib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from doxa.errors import FileError, InputError
from doxa.records import FieldError

T = TypeVar("T", bound=BaseModel)
Location = tuple[int | str, ...]

# What PyYAML was reading when it met a fault; where that begins in an earlier line, the fault may well be there.
_PARTS = {
    "while parsing a flow sequence": "list",
    "while parsing a flow mapping": "mapping",
    "while scanning a quoted scalar": "quoted text",
    "while scanning a double-quoted scalar": "quoted text",
}
_UNTERMINATED = "Unterminated string starting at"  # where it starts; what is missing is the end

# What is wanted where something of another shape stands; pydantic names the types of Python.
_SHAPES = {
    "tuple_type": "must be a list",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping of fields",
    "string_type": "must be a text",
}


def read_yaml(path: Path, record: type[T]) -> T:
    """Reads one YAML file as `record`.

    Raises:
        FileError: The file is missing, is not YAML, says a key twice, or does not fit the record; names line and field.
    """
    text = read_text(path)
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        data: object = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise FileError(path, mark.line + 1 if mark else None, "", f"not valid YAML: {_fault(error)}") from None
    if not isinstance(data, dict):
        raise FileError(path, 1, "", "must hold a mapping of fields")
    for location, line, first in _repeated_keys(node, ()):
        raise FileError(path, line, _dotted(location), f"stands twice, first in line {first}; leave one of them out")
    lines = dict(_lines_of(node, ()))
    return _validate(path, data, record, lines)


def line_of(path: Path, *fields: Location) -> int | None:
    """Returns the 1-based line of the first of some fields that a YAML file has, else that of its nearest parent.

    Args:
        path: The file.
        fields: Keys and places that lead to each; the last is the one whose parents are looked for.

    Raises:
        FileError: The file is not there.
    """
    lines = dict(_lines_of(yaml.compose(read_text(path), Loader=yaml.SafeLoader), ()))
    return next((lines[field] for field in fields if field in lines), _nearest_line(fields[-1], lines))


def read_jsonl(path: Path, record: type[T]) -> Iterator[tuple[int, T]]:
    """Reads a JSONL file as `(line number, record)` pairs; blank lines are skipped.

    Raises:
        FileError: The file is missing, a line is cut or is not JSON, or does not fit the record.
    """
    for number, line in _lines(path):
        try:
            data: object = json.loads(line)
        except json.JSONDecodeError as error:
            raise FileError(path, number, "", f"not valid JSON ({_fault_in_line(error, line)}") from None
        yield number, _validate(path, data, record, {(): number})


def read_text(path: Path) -> str:
    """Returns the UTF-8 text of a file.

    Raises:
        FileError: The file is not there or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise FileError(path, None, "", "there is no such file") from None
    except IsADirectoryError:
        raise FileError(path, None, "", "is a folder, not a file") from None
    except UnicodeDecodeError as error:
        raise FileError(path, None, "", f"is not UTF-8 text (byte {error.start})") from None


def fitted(record: type[T], **values: Any) -> T:
    """Returns a record of values that were given on the command line.

    Raises:
        InputError: They do not fit; names the option.
    """
    try:
        return record.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = _dotted(_location(first))
        problem = _problem(first, record) if field else str(first["msg"]).removeprefix("Value error, ")
        raise InputError(f"{field}: {problem}" if field else problem) from None


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yields the lines that are not blank, one at a time: a corpus can be larger than what memory holds twice."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                try:
                    text = line.decode("utf-8")
                except UnicodeDecodeError as error:
                    raise FileError(path, number, "", f"is not UTF-8 text (byte {error.start} of the line)") from None
                if text.strip():
                    yield number, text.rstrip("\r\n")  # else a line that is cut would end in the line after it
    except FileNotFoundError:
        raise FileError(path, None, "", "there is no such file") from None
    except IsADirectoryError:
        raise FileError(path, None, "", "is a folder, not a file") from None


def suggestion(word: str, known: list[str]) -> str:
    """Returns "; did you mean 'x'?" for a misspelt word, else the known words."""
    close = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean '{close[0]}'?" if close else f"; known: {', '.join(sorted(known))}"


def _validate(path: Path, data: object, record: type[T], lines: dict[Location, int]) -> T:
    try:
        return record.model_validate(data)
    except ValidationError as error:
        found = error.errors(include_url=False)
        # A misspelt key is also a missing one; the misspelling is what to mend.
        first = next((one for one in found if one["type"] == "extra_forbidden"), found[0])
        location = _location(first)
        raise FileError(path, _nearest_line(location, lines), _dotted(location), _problem(first, record)) from None


def _fault(error: yaml.YAMLError) -> str:
    problem = str(getattr(error, "problem", None) or "cannot be read")
    fault, start = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    part = _PARTS.get(str(getattr(error, "context", None)))
    if not (part and fault and start) or start.line == fault.line:
        return problem
    return f"{problem}, while reading the {part} that begins in line {start.line + 1}"


def _fault_in_line(error: json.JSONDecodeError, line: str) -> str:
    if error.msg.startswith(_UNTERMINATED):
        return f"a text that starts at column {error.colno} has no end at column {len(line) + 1}); is the line cut off?"
    cut = "; is the line cut off?" if error.pos >= len(line.rstrip()) else ""
    return f"{error.msg} at column {error.colno}){cut}"


def _location(error: Any) -> Location:
    """Returns where an error is: what a record finds wrong with a field of its own is at that field."""
    cause = error.get("ctx", {}).get("error")
    return (*error["loc"], *(cause.field if isinstance(cause, FieldError) else ()))


def _dotted(location: Location) -> str:
    return ".".join(str(part) for part in location if part != "[key]")  # pydantic's word for the key itself


def _problem(error: Any, record: type[BaseModel]) -> str:
    """Says in words what pydantic found; for an unknown key, the key that was probably meant."""
    if error["type"] == "extra_forbidden":
        fields = _record_at(record, error["loc"][:-1]).model_fields
        return f"unknown key{suggestion(str(error['loc'][-1]), list(fields))}"
    if error["type"] == "missing":
        return "is required"
    message = _SHAPES.get(error["type"], str(error["msg"]).removeprefix("Value error, "))
    given = error.get("input")
    shown = ""
    if isinstance(given, str) and given.isprintable():
        shown = f" (given: '{given}')"  # as it stands: of a pattern, `repr` would double every backslash
    elif isinstance(given, str | int | float | bool):
        shown = f" (given: {given!r})"
    expected = re.findall(r"'([^']+)'", error["ctx"]["expected"]) if error["type"] == "literal_error" else []
    meant = difflib.get_close_matches(str(given), expected, n=1)
    return message + shown + (f"; did you mean '{meant[0]}'?" if meant else "")


def _record_at(record: type[BaseModel], location: Location) -> type[BaseModel]:
    for part in location:
        field = record.model_fields.get(str(part))
        annotation = field.annotation if field else None
        for inner in (annotation, *get_args(annotation)):
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                record = inner
    return record


def _nearest_line(location: Location, lines: dict[Location, int]) -> int | None:
    for end in range(len(location), -1, -1):
        if location[:end] in lines:
            return lines[location[:end]]
    return None


def _lines_of(node: yaml.Node | None, at: Location) -> Iterator[tuple[Location, int]]:
    """Yields the 1-based line of every key and list entry of a YAML tree."""
    if node is None:
        return
    yield at, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _lines_of(value, (*at, key.value))
            yield (*at, key.value), key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _lines_of(value, (*at, index))


def _repeated_keys(node: yaml.Node | None, at: Location) -> Iterator[tuple[Location, int, int]]:
    """Yields every key that its mapping has already, with its line and that of the first; YAML keeps the last."""
    if isinstance(node, yaml.MappingNode):
        first: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if key.value in first:
                yield (*at, key.value), line, first[key.value]
            first.setdefault(key.value, line)
            yield from _repeated_keys(value, (*at, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _repeated_keys(value, (*at, index))
