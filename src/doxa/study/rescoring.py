"""Read the stored answers of a run again with today's markers and parsers. Asks neither subject nor judge."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

from doxa.conditions.records import Condition
from doxa.errors import MissingError
from doxa.facts.records import Fact, Item
from doxa.locking import alone
from doxa.metrics.catalogue import METRICS
from doxa.metrics.judging import orders_shown, read_judgement
from doxa.metrics.panel import panel_verdict
from doxa.metrics.records import FAILED, Family, Reading, Row, Verdict, of_verdict
from doxa.models.ledger import LEDGER, Ledger
from doxa.models.protocol import Answer, Scores
from doxa.progress import Progress, Silent
from doxa.reading import read_yaml
from doxa.study.answering import read_sampled, says_something
from doxa.study.planning import Cell
from doxa.study.records import Study
from doxa.study.rows import STUDY, load_rows, save_rows
from doxa.study.running import facts_of


def rescore(folder: Path, progress: Progress | None = None) -> tuple[list[Row], list[Row]]:
    """Reads every stored answer of a run again and writes its rows anew.

    Rows whose call failed stay as they are: no answer is stored for them. Where judges named no verdict, there is one.
    Rows for a judge whose answer was nothing to judge then, and is something now, stay too.

    Args:
        folder: The run folder.
        progress: Hears of rows that a judge has still to read.

    Returns:
        The rows before and after, in the same order.

    Raises:
        MissingError: The run has no rows yet, or a fact or a ledger no longer holds what a row was made from; nothing
            is written then.
    """
    rows = load_rows(folder)
    study = read_yaml(folder / STUDY, Study)
    if not (folder / LEDGER).is_file():
        raise MissingError(f"{folder} has no {LEDGER}; without the stored answers there is nothing to read")
    with closing(Ledger(folder / LEDGER)) as ledger, alone(folder):
        stored = ledger.find([key for row in rows for key in row.calls])
        reader = _Reader(study, stored)
        again = [reader.read(row) for row in rows]
        save_rows(folder, again)
    if reader.unheard:
        (progress or Silent()).say(
            f"answers that now say something and that no judge has read: {reader.unheard}; their rows stay as they are "
            "until `doxa run` has them judged"
        )
    return rows, again


class _Reader:
    """Reads rows again.

    Args:
        study: Of the run.
        stored: The responses in its ledger, by key.

    Attributes:
        unheard: Rows so far whose answer is for a judge to read, which none has done.
    """

    def __init__(self, study: Study, stored: Mapping[str, str]) -> None:
        self._study, self._stored = study, stored
        self._facts = facts_of(study).by_id
        self._items = {
            (fact.id, item.id): item for fact in self._facts.values() for bank in fact.banks.values() for item in bank
        }
        self.unheard = 0
        self._conditions = {condition.name: condition for condition in (*study.conditions, *study.control_conditions)}

    def read(self, row: Row) -> Row:
        """Returns the row as its stored answers are read today."""
        if row.verdict in FAILED and not row.votes:
            return row
        item, condition = self._items.get((row.fact, row.item)), self._conditions.get(row.condition)
        if item is None:
            raise MissingError(f"the fact '{row.fact}' no longer has the item '{row.item}' that the run was asked")
        if condition is None:
            raise MissingError(f"the study of the run does not list the condition '{row.condition}' of its rows")
        failed = self._failed_judgements(row)
        missing = [key for key in row.calls if key not in self._stored and key not in failed]
        if missing:
            raise MissingError(f"the ledger does not hold call {missing[0]} of item '{row.item}' under {row.condition}")
        reading, votes = self._reading(row, self._facts[row.fact], item, condition)
        return row.model_copy(update={"verdict": reading.verdict, "score": reading.score, "votes": votes})

    def _reading(self, row: Row, fact: Fact, item: Item, condition: Condition) -> tuple[Reading, tuple[Verdict, ...]]:
        if row.readout not in ("rubric", "choice", "judged"):
            scores = [Scores.model_validate_json(self._stored[key]) for key in row.calls]
            return METRICS[row.metric].read_scores(item, scores)[row.readout], ()
        family: Family = row.readout
        cell = Cell(fact, row.metric, family, condition, item, row.sample)
        proper, reading = read_sampled(cell, Answer.model_validate_json(self._stored[row.calls[0]]))
        if family != "judged" or not says_something(proper):
            return reading, ()
        if not row.votes:
            self.unheard += 1
            return Reading(row.verdict, row.score), ()
        votes = self._votes(row)
        return of_verdict(panel_verdict(votes, 2 if self._study.both_orders else 1)), votes

    def _votes(self, row: Row) -> tuple[Verdict, ...]:
        """Reads the judgements of a row; of a judge that failed nothing is stored."""
        keys = _judgements(row)
        orders = orders_shown(row.item, row.sample, self._study.both_orders)
        shown = orders * (len(keys) // len(orders))
        return tuple(
            read_judgement(Answer.model_validate_json(self._stored[key]), claim_first).verdict
            if key in self._stored
            else "judge_error"
            for key, claim_first in zip(keys, shown, strict=True)
        )

    def _failed_judgements(self, row: Row) -> set[str]:
        """Returns the judgements of a row that failed; where enough other judges decide, the row stands."""
        return {key for key, vote in zip(_judgements(row), row.votes, strict=True) if vote == "judge_error"}


def _judgements(row: Row) -> Sequence[str]:
    """Returns the keys of a judged row's judgements; none where nothing was judged."""
    return row.calls[len(row.calls) - len(row.votes) :]
