"""Read the stored answers of a run again with today's markers and parsers. Asks neither subject nor judge."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from doxa.errors import MissingError
from doxa.facts.records import Fact, Item
from doxa.locking import alone
from doxa.metrics.catalogue import METRICS
from doxa.metrics.judging import read_judgement, shows_claim_first
from doxa.metrics.records import FAILED, Reading, Row
from doxa.models.ledger import LEDGER, Ledger
from doxa.models.protocol import Answer, Scores
from doxa.reading import read_yaml
from doxa.study.records import Study
from doxa.study.rows import load_rows, save_rows
from doxa.study.running import STUDY, facts_of


def rescore(folder: Path) -> tuple[list[Row], list[Row]]:
    """Reads every stored answer of a run again and writes its rows anew.

    Rows whose call failed stay as they are: no answer is stored for them.

    Returns:
        The rows before and after, in the same order.

    Raises:
        MissingError: The run has no rows yet, or a fact or a ledger no longer holds what a row was made from; nothing
            is written then.
    """
    rows = load_rows(folder)
    facts = facts_of(read_yaml(folder / STUDY, Study))
    items = {(fact.id, item.id): item for fact in facts.values() for bank in fact.banks.values() for item in bank}
    if not (folder / LEDGER).is_file():
        raise MissingError(f"{folder} has no {LEDGER}; without the stored answers there is nothing to read")
    with closing(Ledger(folder / LEDGER)) as ledger, alone(folder):
        stored = ledger.find([key for row in rows for key in row.calls])
        again = [_read_again(row, facts, items, stored) for row in rows]
        save_rows(folder, again)
    return rows, again


def _read_again(row: Row, facts: dict[str, Fact], items: dict[tuple[str, str], Item], stored: dict[str, str]) -> Row:
    if row.verdict in FAILED:
        return row
    item = items.get((row.fact, row.item))
    if item is None:
        raise MissingError(f"the fact '{row.fact}' no longer has the item '{row.item}' that the run was asked")
    missing = [key for key in row.calls if key not in stored]
    if missing:
        raise MissingError(f"the ledger does not hold call {missing[0]} of item '{row.item}' under {row.condition}")
    reading = _reading(row, facts[row.fact], item, [stored[key] for key in row.calls])
    return row.model_copy(update={"verdict": reading.verdict, "score": reading.score})


def _reading(row: Row, fact: Fact, item: Item, responses: Sequence[str]) -> Reading:
    metric = METRICS[row.metric]
    if row.readout == "judged":
        judgement = Answer.model_validate_json(responses[-1])
        return read_judgement(judgement, shows_claim_first(item.id, row.sample))
    if row.readout == "rubric" or row.readout == "choice":
        answer = Answer.model_validate_json(responses[-1])
        return metric.read_answer(item, fact.markers_for(item), row.readout, answer)
    return metric.read_scores(item, [Scores.model_validate_json(response) for response in responses])[row.readout]
