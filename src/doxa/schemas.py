"""JSON Schemas of study.yaml and fact.yaml, for editors: what may be written, shorthand included, and what it means."""

import inspect
import re
from collections.abc import Mapping
from typing import Any, Literal, get_args

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode

from doxa.conditions.records import INTERVENTION_SETTINGS, STRESS_SETTINGS, Kind, StressKind
from doxa.conditions.shorthand import Needed, Settings
from doxa.facts.records import FactText
from doxa.study.records import Study

Schema = dict[str, Any]
What = Literal["study", "fact"]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
LISTS = ("facts", "controls", "personas", "interventions", "stress", "metrics", "readouts", "judge")
_ATTRIBUTE = re.compile(r"(\w+): (.+)")


def schema(what: What) -> Schema:
    """Returns the JSON Schema of a file.

    It knows fields, types and shorthand. What hangs together across fields (a finetune needs documents, say) is checked
    only when the file is read.
    """
    return _fact_schema() if what == "fact" else _study_schema()


def attributes(docstring: str) -> dict[str, str]:
    """Returns what the `Attributes:` section of a Google docstring says of each name, each on one line."""
    _, _, section = inspect.cleandoc(docstring).partition("Attributes:\n")
    found: dict[str, str] = {}
    name = ""
    for line in section.splitlines():
        if line.startswith("    ") and not line.startswith("     ") and (entry := _ATTRIBUTE.fullmatch(line.strip())):
            name = entry[1]
            found[name] = entry[2]
        elif line.startswith("     ") and name:
            found[name] += f" {line.strip()}"
        elif line and not line.startswith(" "):
            break
    return found


class _Described(GenerateJsonSchema):
    """Schemas whose descriptions are the first line of a docstring and its `Attributes:` section."""

    def model_schema(self, schema: Any) -> Schema:
        """Returns the schema of a record with its fields described; a field may be described in a parent."""
        record: type[BaseModel] = schema["cls"]
        made: Schema = super().model_schema(schema)
        made["description"] = inspect.cleandoc(record.__doc__ or "").partition("\n")[0]
        for parent in reversed(record.__mro__):
            for name, text in attributes(parent.__doc__ or "").items():
                if name in made["properties"]:
                    made["properties"][name]["description"] = text
        for field in made["properties"].values():
            if "$ref" in field:
                field.pop("default", None)  # a whole record; its own fields say what their defaults are
        return made

    def field_title_should_be_set(self, schema: Any) -> bool:
        """A title would only repeat the field's name."""
        return False

    def generate(self, schema: Any, mode: JsonSchemaMode = "validation") -> Schema:
        """Returns the whole schema with its dialect, so that editors know how to read it."""
        return {"$schema": DIALECT, **super().generate(schema, mode=mode)}


def _fact_schema() -> Schema:
    return FactText.model_json_schema(schema_generator=_Described)


def _study_schema() -> Schema:
    made = Study.model_json_schema(schema_generator=_Described)
    fields, parts = made["properties"], made["$defs"]
    name = {"type": "string", "minLength": 1}
    for listed in (*(fields[name] for name in LISTS), parts["StressedIntervention"]["properties"]["stress"]):
        _let_one_stand_alone(listed)
    made["properties"] = {"fact": {**name, "description": "The fact to implant; `facts` gives several."}, **fields}
    made["required"].remove("facts")
    made["oneOf"] = [{"required": ["fact"]}, {"required": ["facts"]}]
    parts["Stress"] = _with_shorthand(parts["Stress"], get_args(StressKind), STRESS_SETTINGS)
    listed = parts["StressedIntervention"]
    parts["StressedIntervention"] = _with_shorthand(listed, get_args(Kind), INTERVENTION_SETTINGS, ("stress",))
    return made


def _let_one_stand_alone(field: Schema) -> None:
    """Lets the one entry of a list stand by itself, and nothing stand for a list that may be empty."""
    listed = {key: field.pop(key) for key in ("type", "items", "minItems") if key in field}
    empty = [] if "minItems" in listed else [{"type": "null"}]
    field["anyOf"] = [listed, listed["items"], *empty]


def _with_shorthand(record: Schema, kinds: tuple[str, ...], settings: Settings, common: tuple[str, ...] = ()) -> Schema:
    """Returns the schema of everything that people may write for a record; see `doxa.conditions.shorthand`.

    Args:
        record: Schema of the record's own fields, `kind` among them.
        kinds: Every kind.
        settings: Of every kind that has any.
        common: Fields that every kind has.
    """
    fields = record["properties"]
    bare = [kind for kind in kinds if not _needed(settings.get(kind, {}))]
    valued = {kind: _valued(fields, settings.get(kind, {}), common) for kind in kinds}
    mapped: Schema = {"type": "object", "properties": valued, "additionalProperties": False}
    whole = [_whole(kind, fields, settings.get(kind, {}), common) for kind in kinds]
    alternatives = [{"enum": bare}, {**mapped, "minProperties": 1, "maxProperties": 1}, *whole]
    return {"description": record["description"], "anyOf": alternatives}


def _needed(own: Mapping[str, Any]) -> list[str]:
    return [name for name, default in own.items() if isinstance(default, Needed)]


def _valued(fields: Schema, own: Mapping[str, Any], common: tuple[str, ...]) -> Schema:
    """Returns what may stand behind a kind: its settings, or the value of the first where that is all it needs."""
    first, needed = next(iter(own), None), _needed(own)
    alternatives: list[Schema] = [_settings(fields, own, common)]
    if first is not None and set(needed) <= {first}:
        alternatives.append(_given(fields[first]))
    if not needed:
        alternatives.append({"type": "null"})
    return {"anyOf": alternatives}


def _whole(kind: str, fields: Schema, own: Mapping[str, Any], common: tuple[str, ...]) -> Schema:
    """Returns the record's own form: `kind` with its settings."""
    made = _settings(fields, own, common)
    properties = {"kind": {"const": kind}, **made["properties"]}
    return {**made, "properties": properties, "required": ["kind", *made["required"]]}


def _settings(fields: Schema, own: Mapping[str, Any], common: tuple[str, ...]) -> Schema:
    properties = {name: _given(fields[name]) for name in own} | {name: fields[name] for name in common}
    return {"type": "object", "properties": properties, "required": _needed(own), "additionalProperties": False}


def _given(field: Schema) -> Schema:
    """Returns the schema of a setting that is given; in the record it may be left empty, and then has a default."""
    (value,) = (one for one in field["anyOf"] if one != {"type": "null"})
    return {**value, "description": field["description"]}
