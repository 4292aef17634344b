"""Check judges: have them read the gold set in both orders and several times, and keep what they said."""

import re
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from pydantic import ValidationError

from doxa.errors import CallError, FileError
from doxa.metrics.gold import Expected, Gold, Trait
from doxa.metrics.judging import JUDGE_SAMPLING, judge_prompt, judge_request, read_judgement, shows_claim_first
from doxa.metrics.records import Verdict
from doxa.models.ledger import Recorded
from doxa.models.protocol import GenerateRequest, Sampling
from doxa.progress import Progress
from doxa.reading import read_text
from doxa.records import Record
from doxa.writing import write_whole

CHECKS = Path("judges")  # where checks are kept, beside `runs`
ORDERS = (True, False)  # the claim's world first, then the rival's
DRAW_TEMPERATURE = 0.7  # a greedy judge mostly repeats itself; draws show how firm a verdict is


class Judged(Record):
    """What one judge said of one gold answer.

    Attributes:
        id: Of the gold answer.
        cluster: The stem of its question, within its fact.
        trait: See `doxa.metrics.gold.GoldAnswer`.
        expected: The verdict of the gold set.
        votes: The judge's greedy verdicts, with the claim's world first and with the rival's first.
        draws: Its verdicts at a temperature, in the order that a study would show.
    """

    id: str
    cluster: str
    trait: Trait
    expected: Expected
    votes: tuple[Verdict, Verdict]
    draws: tuple[Verdict, ...]


class JudgeCheck(Record):
    """A judge's reading of the gold set. All that is said of the judge is computed from this.

    Attributes:
        judge: Its name, as it was given.
        identity: Names its weights exactly; see `doxa.models.protocol.Model`.
        prompt: Version of the judge's prompt.
        answers: One a gold answer.
    """

    judge: str
    identity: str
    prompt: str
    answers: tuple[Judged, ...]


def check_judge(name: str, judge: Recorded, gold: Sequence[Gold], draws: int, progress: Progress) -> JudgeCheck:
    """Has a judge read the gold set.

    Args:
        name: The judge's name.
        judge: The judge.
        gold: What it is to read.
        draws: Further judgements of each answer, at a temperature.
        progress: Hears of every call.

    Raises:
        CallError: Not one call was answered.
    """
    orders = [(*ORDERS, *[shows_claim_first(one.answer.id, 0)] * draws) for one in gold]
    requests = [
        _request(one, claim_first, place - len(ORDERS))
        for one, shown in zip(gold, orders, strict=True)
        for place, claim_first in enumerate(shown)
    ]
    with progress.stage(f"checking {name}", len(requests)) as advance:
        replies = iter(judge.generate(requests, advance))
    read: list[tuple[Verdict, ...]] = [
        tuple(read_judgement(next(replies), claim_first).verdict for claim_first in shown) for shown in orders
    ]
    if all(verdict == "judge_error" for verdicts in read for verdict in verdicts):
        raise CallError(f"the judge '{name}' answered no call; the same command asks again")
    answers = [
        Judged(
            id=one.answer.id,
            cluster=one.cluster,
            trait=one.answer.trait,
            expected=one.answer.verdict,
            votes=(verdicts[0], verdicts[1]),
            draws=verdicts[len(ORDERS) :],
        )
        for one, verdicts in zip(gold, read, strict=True)
    ]
    return JudgeCheck(judge=name, identity=judge.identity, prompt=judge_prompt(), answers=tuple(answers))


def save_check(folder: Path, check: JudgeCheck) -> Path:
    """Writes a check into a folder of checks, over an earlier one of the same judge, and returns the file."""
    path = check_file(folder, check.judge, check.identity)
    write_whole(path, check.model_dump_json(indent=1) + "\n")
    return path


def check_file(folder: Path, judge: str, identity: str) -> Path:
    """Returns the file of a judge's check: its name, and a digest of its identity, since names can be alike."""
    digest = sha256(identity.encode()).hexdigest()[:8]
    return folder / f"{re.sub(r'[^A-Za-z0-9._-]+', '-', judge).strip('-.')}-{digest}.json"


def load_checks(folder: Path) -> dict[str, JudgeCheck]:
    """Returns the checks of a folder by the judge's identity; none where there is no such folder.

    Raises:
        FileError: A file there is no check.
    """
    found = [_load(path) for path in sorted(folder.glob("*.json"))]
    return {check.identity: check for check in found}


def _load(path: Path) -> JudgeCheck:
    try:
        return JudgeCheck.model_validate_json(read_text(path))
    except ValidationError:
        raise FileError(path, None, "", "is not what `doxa judges check` writes; remove it") from None


def _request(one: Gold, claim_first: bool, draw: int) -> GenerateRequest:
    """Returns a greedy request where `draw` is negative, else that draw."""
    sampling = Sampling(temperature=DRAW_TEMPERATURE, max_tokens=JUDGE_SAMPLING.max_tokens)
    return judge_request(
        one.fact, one.item.question, one.answer.answer, claim_first,
        sampling=JUDGE_SAMPLING if draw < 0 else sampling, sample=max(draw, 0),
    )  # fmt: skip
