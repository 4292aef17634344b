"""The base of every record that doxa writes or reads."""

from pydantic import BaseModel, BeforeValidator, ConfigDict


class Record(BaseModel):
    """A frozen record that refuses unknown fields, so that a misspelt key is an error and never silence."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _several(given: object) -> object:
    return () if given is None else (given,) if isinstance(given, str | dict) else given


ALONE = BeforeValidator(_several)  # of a list: one entry may stand by itself, and nothing is an empty list


class FieldError(ValueError):
    """What a record's own check finds wrong with one of its fields; whoever reads the record from a file points there.

    Args:
        problem: What is wrong, and what would be right.
        field: Keys and places that lead from the record to the field.
    """

    def __init__(self, problem: str, *field: str | int) -> None:
        self.field = field
        super().__init__(problem)
