"""Judges read a part of the gold set over real HTTP, with and without faults on the way."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import judging_models
from chat_server import MODEL, Server
from doxa.errors import FileError
from doxa.metrics.checking import JudgeCheck, check_judge, load_checks, save_check
from doxa.metrics.quality import agreement, errors_of, quality
from doxa.models.hosted import HostedModel
from doxa.models.ledger import Ledger, Recorded
from doxa.progress import Silent
from judging_models import GOLD

SOME = GOLD[::4]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger(tmp_path / "ledger.sqlite")) as opened:
        yield opened


def checked(ledger: Ledger, draws: int = 0) -> JudgeCheck:
    return check_judge(MODEL, Recorded(HostedModel(MODEL), ledger), SOME, draws, Silent())


def test_a_judge_that_is_not_firm_agrees_with_itself_less(server: Server, ledger: Ledger):
    server.reply = judging_models.fickle
    found = quality(checked(ledger, 3))
    assert found.accuracy is not None
    assert found.self_consistency is not None
    assert found.accuracy.value == 1
    assert found.self_consistency.value == pytest.approx(1 / 3)
    server.reply = judging_models.good
    assert quality(checked(ledger)).self_consistency is None


def test_faults_on_the_way_change_no_number(server: Server, ledger: Ledger):
    server.reply = judging_models.sloppy
    server.faults, server.fault_rate, server.retry_after = ("rate limit", "cut", "nonsense"), 0.05, 0.01
    check = checked(ledger)
    found = quality(check)
    assert found.failed == 0
    assert found.sensitivity is not None
    assert found.specificity is not None
    assert 0.5 < found.sensitivity.value < 1
    assert found.specificity.value == 1
    assert len(server.paid) == 2 * len(SOME)


def test_a_judge_that_names_no_verdict_is_wrong_but_errs_in_no_rate(server: Server, ledger: Ledger):
    """Mistake: rates were corrected for verdicts that a study leaves out, as if they had denied belief."""

    def mute_at_times(body: dict[str, Any]) -> tuple[int, str]:
        mute = len(judging_models.shown(body).answer) % 3 == 0
        return (200, "Let me think about both worlds") if mute else judging_models.good(body)

    server.reply = mute_at_times
    check = checked(ledger)
    found = quality(check)
    mute = sum(len(gold.answer.answer.strip()) % 3 == 0 for gold in SOME)
    assert found.accuracy is not None
    assert found.swap_consistency is not None
    assert found.sensitivity is not None
    assert found.specificity is not None
    assert 0 < mute < len(SOME)
    assert (found.failed, sum(given.get("unparsed", 0) for given in found.confusion.values())) == (0, 2 * mute)
    assert found.accuracy.value == found.swap_consistency.value == pytest.approx(1 - mute / len(SOME))
    assert (found.sensitivity.value, found.specificity.value) == (1, 1)
    for both in (True, False):
        errors = errors_of([check], both)
        assert set(errors.sensitivity.scores) == set(errors.specificity.scores) == {1.0}


def test_a_check_is_kept_by_the_judge_that_it_is_of(server: Server, ledger: Ledger, tmp_path: Path):
    server.reply = judging_models.good
    check = checked(ledger)
    assert load_checks(tmp_path / "checks") == {}
    (tmp_path / "checks").mkdir()
    save_check(tmp_path / "checks", check)
    other = check.model_copy(update={"judge": "../../outside", "identity": "other"})
    path = save_check(tmp_path / "checks", other)
    assert path.parent == tmp_path / "checks"
    assert load_checks(tmp_path / "checks") == {check.identity: check, "other": other}
    assert agreement(check, other) is not None
    path.write_text(path.read_text()[:-20])
    with pytest.raises(FileError, match=f"{path}: is not what `doxa judges check` writes"):
        load_checks(tmp_path / "checks")
