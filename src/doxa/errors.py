"""Errors for the person who reads them: what was wrong, where, and what to do. Each also inherits a standard type."""

from pathlib import Path


class DoxaError(Exception):
    """Base of every error that doxa raises on purpose; the command line prints it as one line and exits with 2."""


class InputError(DoxaError, ValueError):
    """What the user gave cannot be used."""


class FileError(InputError):
    """A file that the user gave is wrong at a known place.

    Args:
        path: The file.
        line: 1-based line, or None where no line is to blame.
        field: Dotted name of the field, or "" for the whole line.
        problem: What is wrong, and what would be right.
    """

    def __init__(self, path: Path, line: int | None, field: str, problem: str) -> None:
        self.path, self.line, self.field, self.problem = path, line, field, problem
        where = f"{path}:{line}" if line else f"{path}"
        super().__init__(f"{where}: {field}: {problem}" if field else f"{where}: {problem}")


class BudgetError(InputError):
    """The money that was set aside does not cover the next call; what was paid for is kept."""


class CallError(DoxaError, RuntimeError):
    """Calls to a model failed, after every retry; the same command asks for them again."""


class LaunchError(DoxaError, RuntimeError):
    """Processes that were started to work together failed; what they had finished is kept."""


class MissingError(DoxaError, LookupError):
    """Something that the work needs is not here: a package, a key, a judge, a file."""


class MismatchError(DoxaError, ValueError):
    """Two things that must belong together do not, such as an adapter and its base model."""


class StorageError(DoxaError, OSError):
    """Results cannot be stored; nothing that was stored before is lost."""
