"""How many rows of a study have no verdict since a call failed: by condition, by persona and by judge."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from doxa.metrics.records import FAILED, Row
from doxa.report.wording import capitalised

WORST = 3  # groups that the sentence names; the numbers behind it name all


class Failures(NamedTuple):
    """The failed rows of one group.

    Attributes:
        by: What the rows have in common: `condition`, `persona` or `judge`.
        name: Which one.
        failed: Rows without a verdict; of a judge, those that failed by its own calls.
        rows: All rows of the group.
    """

    by: str
    name: str
    failed: int
    rows: int


def is_silent(row: Row) -> bool:
    """Whether a row has no verdict though every call was answered: too few of its judges named one."""
    return row.verdict == "judge_error" and bool(row.votes) and "judge_error" not in row.votes


def has_failed(row: Row) -> bool:
    """Whether a row has no verdict since a call failed, so that `doxa run` asks it again."""
    return row.verdict in FAILED and not is_silent(row)


def failures(rows: Sequence[Row]) -> list[Failures]:
    """Returns every group of rows in which calls failed; personas only where there are several."""
    found = _groups("condition", [(row.condition, has_failed(row)) for row in rows])
    if len({row.persona for row in rows}) > 1:
        found += _groups("persona", [(row.persona, has_failed(row)) for row in rows])
    judged = [(row.judge, row.verdict == "judge_error" and has_failed(row)) for row in rows if row.judge]
    return found + _groups("judge", judged)


def failures_in_words(rows: Sequence[Row]) -> tuple[str, str] | None:
    """Returns a sentence on failed calls and the numbers behind it; None where none failed."""
    found = failures(rows)
    if not found:
        return None
    failed = sum(map(has_failed, rows))
    worst = sorted(found, key=lambda one: -one.failed / one.rows)[:WORST]
    shown = "; ".join(f"{one.by} {_counted(one)}" for one in worst)
    conclusion = f"Calls failed: {failed:,} of {len(rows):,} rows have no verdict and count neither way ({shown})."
    kinds = dict.fromkeys(one.by for one in found)
    listed = (f"by {kind}: {', '.join(_counted(one) for one in found if one.by == kind)}" for kind in kinds)
    numbers = "; ".join(listed)
    return conclusion, f"{capitalised(numbers)}. `doxa run` asks them again."


def _groups(by: str, marked: Sequence[tuple[str, bool]]) -> list[Failures]:
    whole, failed = Counter(name for name, _ in marked), Counter(name for name, is_failed in marked if is_failed)
    return [Failures(by, name, failed[name], number) for name, number in whole.items() if failed[name]]


def _counted(one: Failures) -> str:
    return f"{one.name} {one.failed:,} of {one.rows:,}"
